//! What must hold for every page, in every state and both languages.

use std::collections::BTreeSet;
use std::path::Path;

use akkoord_protocols::webauthn::Kind;
use askama::Template;

use super::assets::{ASSETS, Asset};
use super::frame::{Frame, Number};
use super::mail::{
    ApprovalLocked, CodesChange, CodesChanged, CredentialChange, CredentialChanged, PasswordChange, PasswordChanged,
    PhoneAdded, PhoneLocked, PhoneRemoved, RecoveryChange, RecoveryCodesChanged, RemovedBy, RequestReported,
    TwoStepChanged,
};
use super::moment::Moment;
use super::qr::QrPicture;
use super::texts::{Language, Languages, Texts};
use samples::{NOW, Sample, every_page};

mod key_samples;
mod samples;

fn languages() -> Languages {
    Texts::load().expect("the texts can be read")
}

fn for_every_page(check: impl Fn(&Sample)) {
    let languages = languages();
    let qr = QrPicture::draw(2, [true, false, false, true]);
    for language in Language::ALL {
        let pages = every_page(languages.texts(language), &qr);
        assert!(pages.len() > 60, "{} pages", pages.len());
        pages.iter().for_each(&check);
    }
}

/// The start tags of a page, so that a check doesn't trip over text.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default())
}

/// T-ENUM-1: administrators always enter the number, where others may tap it.
#[test]
fn t_enum_1_a_browser_that_nobody_knows_is_not_told_how_the_phone_asks() {
    let (languages, qr) = (languages(), QrPicture::draw(1, [true]));
    for language in Language::ALL {
        let pages = every_page(languages.texts(language), &qr);
        let html = |name: &str| &pages.iter().find(|page| page.name == name).unwrap().html;
        assert_eq!(html("approve-choose-unknown-browser"), html("approve-unknown-browser"));
        assert_ne!(html("approve-choose"), html("approve"));
    }
}

#[test]
fn no_page_lacks_a_text_or_a_value() {
    for_every_page(|Sample { name, html }| {
        assert!(html.starts_with("<!doctype html>"), "{name} did not render: {html}");
        assert!(!html.contains('['), "{name} has a text that is missing: {html}");
        for text in html.split('>').filter(|piece| piece.contains('{')) {
            assert!(text.contains("data-text="), "{name} has an unfilled placeholder: {text}");
        }
    });
}

#[test]
fn every_page_has_one_first_heading_and_a_title() {
    for_every_page(|Sample { name, html }| {
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
        assert_eq!(html.matches("<main").count(), 1, "{name}");
        let title = html.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap_or_default();
        assert!(title.ends_with(" · Example School") && title.len() > 20, "{name}: {title}");
    });
}

#[test]
fn no_page_needs_more_than_the_strict_content_security_policy() {
    for_every_page(|Sample { name, html }| {
        for tag in tags(html) {
            let element = tag.split_whitespace().next().unwrap_or_default();
            assert_ne!(element, "style", "{name}");
            assert!(element != "script" || tag.contains("src=\"/static/"), "{name}: {tag}");
            for attribute in tag.split_whitespace().skip(1) {
                let handler = attribute.starts_with("on") && attribute.contains('=');
                assert!(!handler && !attribute.starts_with("style="), "{name}: {tag}");
            }
            for address in tag.split("src=\"").skip(1).chain(tag.split("action=\"").skip(1)) {
                assert!(address.starts_with('/') && !address.starts_with("//"), "{name}: {tag}");
            }
        }
        assert!(!html.contains("javascript:"), "{name}");
    });
}

#[test]
fn every_form_is_a_post_with_its_token() {
    for_every_page(|Sample { name, html }| {
        for form in html.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap_or_default();
            let tag = form.split('>').next().unwrap_or_default();
            assert!(tag.contains("method=\"post\"") && tag.contains("action=\"/"), "{name}: {tag}");
            assert!(form.contains("name=\"csrf\" value=\"csrf-token\""), "{name}: {form}");
            assert!(form.contains("<button"), "{name}: {form}");
        }
    });
}

#[test]
fn ids_are_unique_and_descriptions_lead_somewhere() {
    for_every_page(|Sample { name, html }| {
        let values = |attribute: &str| -> Vec<&str> {
            let start = format!(" {attribute}=\"");
            html.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).collect()
        };
        let ids = values("id");
        assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "{name}: {ids:?}");
        let wanted = values("aria-describedby").into_iter().flat_map(str::split_whitespace).chain(values("for"));
        for id in wanted {
            assert!(ids.contains(&id), "{name}: nothing has the id {id}");
        }
    });
}

#[test]
fn links_lead_to_pages_that_exist() {
    let known = [
        "/signin",
        "/signin/other",
        "/signin/access-pass",
        "/account",
        "/account/phones/add",
        "/account/password",
        "/account/password/remove",
        "/account/codes/add",
        "/account/recovery-codes",
        "/account/setup",
        "/account/two-step/off",
        "/account?notice=recovery-codes-made",
        "/signin/recovery-code",
        "/account/passkeys/add",
        "/account/security-keys/add",
        "/signin/passkey",
        "/help",
        "http://phone.localhost:8080/app/",
        "#main",
        "mailto:help@example.org",
    ];
    for_every_page(|Sample { name, html }| {
        for tag in tags(html).filter(|tag| tag.starts_with("a ")) {
            let address = tag.split("href=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
            let address = address.strip_suffix("?then=add-phone").unwrap_or(address);
            let exists = known.contains(&address)
                || ["/account/phones/", "/account/codes/", "/account/passkeys/"]
                    .iter()
                    .any(|start| address.starts_with(start) && address.ends_with("/remove"))
                || address.contains("/app/e#")
                // A part of the same page.
                || address.strip_prefix('#').is_some_and(|id| html.contains(&format!(" id=\"{id}\"")));
            assert!(exists, "{name}: {address}");
        }
    });
}

#[test]
fn what_people_typed_is_escaped() {
    for_every_page(|Sample { name, html }| assert!(!html.contains("<b>"), "{name}"));
}

#[test]
fn a_waiting_page_goes_on_with_and_without_its_script() {
    let languages = languages();
    let qr = QrPicture::draw(0, []);
    for Sample { name, html } in every_page(languages.texts(Language::En), &qr) {
        let waits = html.contains("data-waiting");
        assert_eq!(waits, html.contains("/static/waiting.js"), "{name}");
        // A refresh would take away what is being typed.
        let types = html.contains("name=\"digits\"");
        assert_eq!(waits && !types, html.contains("<noscript><meta http-equiv=\"refresh\""), "{name}");
    }
}

#[test]
fn both_languages_have_the_same_texts_with_the_same_placeholders() {
    let languages = languages();
    let [english, dutch] = Language::ALL.map(|language| languages.texts(language));
    assert_eq!(english.keys().collect::<Vec<_>>(), dutch.keys().collect::<Vec<_>>());
    let placeholders = |text: &str| -> BTreeSet<String> {
        text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).map(str::to_owned).collect()
    };
    for key in english.keys() {
        assert_eq!(placeholders(&english.get(key)), placeholders(&dutch.get(key)), "{key}");
    }
}

#[test]
fn every_key_that_a_template_or_a_view_names_has_a_text() {
    let languages = languages();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("templates"), root.join("src/views")];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("the entry can be read").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.ends_with("tests.rs") || path.ends_with("samples.rs") {
                continue;
            }
            let source = std::fs::read_to_string(&path).expect("the file can be read");
            for literal in source.split('"').filter(|literal| is_key(literal)) {
                seen += 1;
                let text = languages.texts(Language::En).get(literal);
                assert!(!text.starts_with('['), "{} names {literal}", path.display());
            }
        }
    }
    assert!(seen > 200, "{seen} keys");
}

fn is_key(literal: &str) -> bool {
    let file = [".html", ".txt", ".rs", ".css", ".js", ".svg", ".json"];
    literal.contains('.')
        && !file.iter().any(|end| literal.ends_with(end))
        && literal
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
}

#[test]
fn a_missing_text_shows_its_key_and_a_value_is_never_a_placeholder() {
    let languages = languages();
    let texts = languages.texts(Language::En);
    assert_eq!(texts.get("no.such.text"), "[no.such.text]");
    assert_eq!(texts.fill("list.or", &[("first", &"{last}"), ("last", &"B")]), "{last} or B");
    assert_eq!(texts.count("tries_left", "tries_left", 2), "2 tries left.");
}

#[test]
fn the_language_follows_the_browser() {
    for (header, language) in [
        ("", Language::En),
        ("nl", Language::Nl),
        ("nl-BE,nl;q=0.9,en;q=0.8", Language::Nl),
        ("en;q=0.8, nl-NL;q=0.9", Language::Nl),
        ("en;q=0.5,nl;q=0.5", Language::En),
        ("de,fr;q=0.9", Language::En),
        ("de, nl;q=0.1", Language::Nl),
        ("nl;q=0, en;q=0.001", Language::En),
        ("nl;q=2, nl;q=0.12345, nl;q=x", Language::En),
        ("NL;Q=1", Language::Nl),
    ] {
        assert_eq!(Language::from_accept_language(header), language, "{header}");
    }
}

#[test]
fn times_are_civil_dates() {
    let languages = languages();
    let [english, dutch] = Language::ALL.map(|language| languages.texts(language));
    assert_eq!(Moment(NOW).full(english), "23 November 2026, 11:40 UTC");
    assert_eq!(Moment(NOW).full(dutch), "23 november 2026, 11:40 UTC");
    for (milliseconds, machine) in [
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (951_782_399_999, "2000-02-28T23:59:59Z"),
        (951_782_400_000, "2000-02-29T00:00:00Z"),
        (1_709_164_800_000, "2024-02-29T00:00:00Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00Z"),
        (1_798_761_599_000, "2026-12-31T23:59:59Z"),
    ] {
        assert_eq!(Moment(milliseconds).machine(), machine);
    }
}

#[test]
fn times_are_relative_for_a_day() {
    let languages = languages();
    let texts = languages.texts(Language::En);
    for (seconds, text) in [
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (3599, "59 minutes ago"),
        (3600, "1 hour ago"),
        (86_399, "23 hours ago"),
        (86_400, "22 November 2026, 11:40 UTC"),
        (-60, "23 November 2026, 11:41 UTC"),
    ] {
        assert_eq!(Moment(NOW - seconds * 1000).ago(texts, Moment(NOW)), text);
    }
}

#[test]
fn a_number_is_read_digit_by_digit() {
    assert_eq!(Number { digits: "07", choose: false }.spoken(), "0, 7");
    assert!(Number { digits: "470812", choose: false }.is_long());
}

#[test]
fn a_help_contact_is_a_link_only_if_it_can_be_one() {
    let languages = languages();
    let link = |contact| {
        let frame = Frame {
            texts: languages.texts(Language::En),
            csrf: "",
            organisation: "",
            service_name: "",
            signed_in_as: None,
            request_id: "",
            return_to: "/",
            help_contact: Some(contact),
            now_ms: NOW,
        };
        frame.help_link()
    };
    assert_eq!(link("help@example.org").as_deref(), Some("mailto:help@example.org"));
    assert_eq!(link("https://example.org/help").as_deref(), Some("https://example.org/help"));
    for contact in ["room 12, mornings", "javascript:alert(1)", "javascript:a@b", "http://example.org", "a@b?cc=c@d"] {
        assert_eq!(link(contact), None, "{contact}");
    }
}

#[test]
fn mails_are_plain_and_their_subject_is_one_line() {
    let languages = languages();
    for language in Language::ALL {
        let texts = languages.texts(language);
        let (organisation, username, phone_name) = ("Example School", "ada@example.org", "Ada's\r\nPixel");
        let not_me_link = "https://login.example.org/not-me/token";
        let added = PhoneAdded { texts, organisation, username, phone_name, platform: "android", at: NOW, not_me_link };
        let by = RemovedBy::Administrator;
        let removed =
            PhoneRemoved { not_me_link, texts, organisation, username, phone_name, at: NOW, by, help_contact: None };
        let help_contact = Some("help@example.org");
        let locked = PhoneLocked { texts, organisation, username, phone_name, at: NOW, help_contact };
        let approval = ApprovalLocked { texts, organisation, username, at: NOW, help_contact };
        let reported = |browser| RequestReported {
            texts,
            organisation,
            username,
            name: "Ada's\r\nname",
            started_at: NOW,
            browser,
            place: "192.0.2.1",
        };
        let password =
            |change| PasswordChanged { not_me_link, texts, organisation, username, at: NOW, change, help_contact };
        let set = password(PasswordChange::Set);
        let (changed, gone) = (password(PasswordChange::Changed), password(PasswordChange::Removed));
        let key = |kind, change| CredentialChanged {
            not_me_link,
            texts,
            organisation,
            username,
            name: "Blue key",
            at: NOW,
            kind,
            change,
            help_contact,
        };
        let key_added = key(Kind::Passkey, CredentialChange::Added);
        let key_removed = key(Kind::SecurityKey, CredentialChange::Removed);
        let recovery =
            |change| RecoveryCodesChanged { not_me_link, texts, organisation, username, at: NOW, change, help_contact };
        let codes = [RecoveryChange::Made, RecoveryChange::Removed, RecoveryChange::Used { left: 1 }].map(recovery);
        let (by_known, by_other) = (reported(Some("Firefox on Linux")), reported(None));
        let app_for_codes = |change| CodesChanged {
            not_me_link,
            texts,
            organisation,
            username,
            name: "Aegis",
            at: NOW,
            change,
            help_contact,
        };
        let apps = [CodesChange::Added, CodesChange::Removed].map(app_for_codes);
        let two_step = [true, false]
            .map(|on| TwoStepChanged { not_me_link, texts, organisation, username, at: NOW, on, help_contact })
            .map(|mail| (username, mail.subject(), mail.render()));
        let apps = apps.map(|mail| ("Aegis", mail.subject(), mail.render()));
        let codes = codes.map(|mail| (username, mail.subject(), mail.render()));
        let mails = [
            ("Ada's", added.subject(), added.render()),
            ("Ada's", removed.subject(), removed.render()),
            ("Ada's", locked.subject(), locked.render()),
            (username, approval.subject(), approval.render()),
            (username, set.subject(), set.render()),
            (username, changed.subject(), changed.render()),
            (username, gone.subject(), gone.render()),
            ("Firefox on Linux", by_known.subject(), by_known.render()),
            ("Blue key", key_added.subject(), key_added.render()),
            ("Blue key", key_removed.subject(), key_removed.render()),
            ("192.0.2.1", by_other.subject(), by_other.render()),
        ];
        for (told, subject, body) in mails.into_iter().chain(codes).chain(apps).chain(two_step) {
            let body = body.expect("the mail renders");
            assert!(!subject.contains(['\r', '\n', '[', '{']), "{subject}");
            assert!(!body.contains(['[', '{', '<', '&']), "{body}");
            assert!(body.contains(told), "{body}");
            assert!(!body.contains("\n\n\n"), "{body}");
        }
        assert!(added.render().is_ok_and(|body| body.contains(not_me_link)));
        assert!(gone.render().is_ok_and(|body| body.contains(not_me_link)));
    }
}

#[test]
fn pages_load_only_files_that_exist() {
    for_every_page(|Sample { name, html }| {
        for address in html.split("\"/static/").skip(1) {
            let file = address.split(['"', '?']).next().unwrap_or_default();
            assert!(Asset::find(file).is_some(), "{name}: {file}");
        }
    });
    assert!(ASSETS.iter().all(|asset| !asset.body.is_empty()));
    assert!(Asset::find("../Cargo.toml").is_none());
}
