// What the browser must load before any lazy part: at most 300 kB compressed (gzip), scripts and styles.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const LIMIT = 300_000;
const manifest = JSON.parse(readFileSync('dist/.vite/manifest.json', 'utf8'));
const files = new Set();

function collect(key) {
  const part = manifest[key];
  if (files.has(part.file)) return;
  files.add(part.file);
  (part.css ?? []).forEach((file) => files.add(file));
  (part.imports ?? []).forEach(collect);
}
collect('index.html');

const bytes = [...files].reduce((sum, file) => sum + gzipSync(readFileSync(`dist/${file}`)).length, 0);
console.log(`web: ${(bytes / 1000).toFixed(1)} kB compressed before any lazy part (limit ${LIMIT / 1000} kB)`);
if (bytes > LIMIT) process.exit(1);
