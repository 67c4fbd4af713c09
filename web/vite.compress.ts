import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** What a first visit may cost, in bytes of script and style as sent. */
const FIRST_LOAD = 70_000;

const gzip = (bytes: Uint8Array): number => gzipSync(bytes, { level: 9 }).length;

function brotli(bytes: Uint8Array): Buffer {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  return brotliCompressSync(bytes, { params });
}

/** Scripts and styles that the page asks for by itself. */
function firstLoad(html: string): string[] {
  const tags = html.match(/<(?:script|link)\b[^>]*>/g) ?? [];
  const wanted = tags.filter((tag) => tag.startsWith('<script') || /rel="(?:stylesheet|modulepreload)"/.test(tag));
  return wanted.map((tag) => /(?:src|href)="\/app\/([^"]+)"/.exec(tag)?.[1] ?? '').filter((path) => path !== '');
}

/** The texts of one language, which the page loads by itself as soon as it knows which: the larger file counts. */
function texts(folder: string): string[] {
  const files = readdirSync(`${folder}/assets`).filter((name) => /^(?:en|nl)-.*\.js$/.test(name));
  if (files.length === 0) throw new Error('no texts were built: what the first load is would not be known');
  const size = (name: string) => readFileSync(`${folder}/assets/${name}`).length;
  return files
    .sort((one, other) => size(other) - size(one))
    .slice(0, 1)
    .map((name) => `assets/${name}`);
}

/** The page's policy forbids them, so that a page with one would not work, and not say so in development. */
function refuseInline(html: string): void {
  for (const [tag] of html.matchAll(/<script\b[^>]*>|<style\b[^>]*>|<[a-z]+\s[^>]*\s(?:style|on[a-z]+)=[^>]*>/g)) {
    if (!/^<script\b[^>]*\ssrc="/.test(tag)) throw new Error(`dist/index.html has an inline script or style: ${tag}`);
  }
}

/**
 * The last step of a build: writes a compressed form beside each file that gains by it, because the server must not
 * spend its time on that, nor its own build; then says what a first visit loads.
 */
export function compress(folder: string): Plugin {
  return {
    name: 'compress',
    closeBundle() {
      const files = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(?:html|js|css|json|svg|webmanifest|txt)$/.test(entry.name))
        .map((entry) => `${entry.parentPath}/${entry.name}`);
      for (const file of files) {
        const raw = readFileSync(file);
        const small = brotli(raw);
        if (small.length < raw.length * 0.9) writeFileSync(`${file}.br`, small);
      }
      const html = readFileSync(`${folder}/index.html`, 'utf8');
      refuseInline(html);
      const parts = [...firstLoad(html), ...texts(folder)].map((path) => {
        const raw = readFileSync(`${folder}/${path}`);
        return { path, raw: raw.length, gzip: gzip(raw), brotli: brotli(raw).length };
      });
      const sum = (of: 'raw' | 'gzip' | 'brotli') => parts.reduce((all, part) => all + part[of], 0);
      const total = { raw: sum('raw'), gzip: sum('gzip'), brotli: sum('brotli'), most: FIRST_LOAD };
      writeFileSync(`${folder}/.first-load.json`, `${JSON.stringify({ ...total, parts })}\n`);
      const kilo = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
      for (const part of parts) console.log(`  ${part.path}: gzip ${kilo(part.gzip)}, brotli ${kilo(part.brotli)}`);
      console.log(
        `first load: ${kilo(total.raw)}, gzip ${kilo(total.gzip)}, brotli ${kilo(total.brotli)} of ${kilo(FIRST_LOAD)}`,
      );
      if (total.gzip > FIRST_LOAD)
        throw new Error('the first load is too large: load what a first screen does not need later');
    },
  };
}
