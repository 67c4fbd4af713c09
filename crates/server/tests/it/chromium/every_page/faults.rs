//! What a page owes to everybody, measured in the browser.

use crate::support::chromium::Tab;

/// What is wrong with a page: at the usual width, on a small phone, and there with the largest text.
pub async fn faults(tab: &Tab, language: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let told = tab.eval("document.documentElement.lang").await;
    if told != language {
        faults.push(format!("the language is {told}"));
    }
    for (width, text, dark) in [(1280, 16, false), (320, 16, true), (320, 32, false)] {
        tab.size(width, 800).await;
        tab.text_size(text).await;
        tab.dark(dark).await;
        let found = tab.eval(FAULTS).await;
        for fault in found.as_array().unwrap() {
            faults.push(format!("{width} px wide, text {text} px: {}", fault.as_str().unwrap()));
        }
        for fault in tab.axe(&[]).await {
            faults.push(format!("{width} px wide, text {text} px, axe: {fault}"));
        }
    }
    let bytes = tab.eval(WEIGHT).await.as_u64().unwrap();
    if !(1_000..MOST_BYTES).contains(&bytes) {
        faults.push(format!("{bytes} bytes with all that it loads, compressed"));
    }
    tab.size(1280, 800).await;
    tab.text_size(16).await;
    tab.dark(false).await;
    faults
}

/// The most that a page may bring with all that it loads, compressed: a second on a line of 240 kbit/s.
const MOST_BYTES: u64 = 30_000;

/// Runs in the page and weighs it as a proxy would send it.
const WEIGHT: &str = "(async () => {
    const loaded = performance.getEntriesByType('resource').map(({ name }) => new URL(name))
        .filter(({ pathname }) => pathname.startsWith('/static/'));
    const texts = await Promise.all(loaded.map((url) => fetch(url).then((answer) => answer.text())));
    const weigh = async (text) => {
        const compressed = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
        return (await new Response(compressed).arrayBuffer()).byteLength;
    };
    const weights = await Promise.all([document.documentElement.outerHTML, ...texts].map(weigh));
    return weights.reduce((sum, weight) => sum + weight, 0);
})()";

/// Runs in the page and lists its faults.
const FAULTS: &str = r#"(() => {
    const faults = [];
    const all = (selector) => [...document.querySelectorAll(selector)];
    const told = (element) => element.outerHTML.replace(/\s+/g, ' ').slice(0, 90);
    const seen = (element) => element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });
    if (!document.title.trim()) faults.push('no title');
    if (all('h1').filter(seen).length !== 1) faults.push(`${all('h1').length} h1`);
    let level = 0;
    for (const heading of all('h1, h2, h3, h4').filter(seen)) {
        const own = Number(heading.localName[1]);
        if (own > level + 1) faults.push(`a level left out before ${told(heading)}`);
        level = own;
    }
    for (const input of all('input:not([type=hidden])')) {
        if (!input.labels.length && !input.ariaLabel) faults.push(`no label: ${told(input)}`);
    }
    for (const element of all('[aria-describedby]')) {
        for (const id of element.getAttribute('aria-describedby').split(' ')) {
            if (!document.getElementById(id)) faults.push(`describes nothing: ${id}`);
        }
    }
    const ids = all('[id]').map((element) => element.id);
    for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`twice: #${id}`);
    for (const element of all('button, a, summary, [role=img]').filter(seen)) {
        if (!element.textContent.trim() && !element.ariaLabel) faults.push(`no name: ${told(element)}`);
    }
    // Links inside a sentence are as high as their line; all else is to be hit with a thumb.
    for (const element of all('button, .button, summary, input:not([type=hidden]), .links a, .actions a, .choice').filter(seen)) {
        const box = element.getBoundingClientRect();
        if (box.height < 44) faults.push(`${box.height} px high: ${told(element)}`);
        if (box.width < 24) faults.push(`${box.width} px wide: ${told(element)}`);
    }
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth > width) {
        const wide = all('body *').filter((element) => element.getBoundingClientRect().right > width + 0.5 && seen(element));
        faults.push(`${document.documentElement.scrollWidth} px wide: ${wide.slice(0, 3).map(told).join(' and ')}`);
    }
    // Contrast (WCAG 2.2, 1.4.3), for colours that stand on a plain background.
    const parts = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
    const light = (color) => {
        const [r, g, b] = parts(color).map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const color = getComputedStyle(at).backgroundColor;
            if (parts(color)[3] !== 0) return color;
        }
        return getComputedStyle(document.body).backgroundColor;
    };
    for (const element of all('body *').filter(seen)) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!own || element.closest('.unseen, svg')) continue;
        const [one, other] = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
        const ratio = (one + 0.05) / (other + 0.05);
        if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(2)}: ${told(element)}`);
    }
    return faults;
})()"#;
