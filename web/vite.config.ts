import { readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';

/** The texts of one language that the app shows: the `app.` keys of the files that the server's pages use too. */
function texts(): Plugin {
  const name = /^virtual:texts\/(en|nl)$/;
  return {
    name: 'texts',
    resolveId: (id) => (name.test(id) ? `\0${id}` : undefined),
    load(id) {
      const language = id.startsWith('\0') ? name.exec(id.slice(1))?.[1] : undefined;
      if (!language) return undefined;
      const file = new URL(`../locales/${language}.json`, import.meta.url);
      this.addWatchFile(file.pathname);
      const all = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
      const own = Object.entries(all).filter(([key]) => key.startsWith('app.'));
      return `export default ${JSON.stringify(Object.fromEntries(own))}`;
    },
  };
}

export default defineConfig({
  base: '/app/',
  plugins: [texts()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist',
    target: 'es2023',
    // The first with light-dark(), on which the two themes stand.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
