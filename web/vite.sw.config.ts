import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vite';
import { compress } from './vite.compress.ts';

// The worker is built after the page, because it names what it keeps: every file of the page, by its content.
const files = readdirSync('dist', { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name !== 'sw.js' && !/^\.|\.br$/.test(entry.name))
  .map((entry) => `${entry.parentPath}/${entry.name}`.replace(/^dist\//, ''))
  .sort();
const build = createHash('sha256');
for (const file of files) build.update(file).update(readFileSync(`dist/${file}`));

export default defineConfig({
  base: '/app/',
  define: {
    BUILD: JSON.stringify(build.digest('hex').slice(0, 12)),
    FILES: JSON.stringify(files),
  },
  plugins: [compress('dist')],
  publicDir: false,
  build: {
    outDir: 'dist',
    emptyOutDir: false,
    target: 'es2023',
    reportCompressedSize: false,
    rolldownOptions: { input: 'src/sw/sw.ts', output: { entryFileNames: 'sw.js', format: 'iife' } },
  },
});
