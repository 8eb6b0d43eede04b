// Beside every text file of the build, what a browser may get instead: brotli and gzip at their best.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const OUT = process.env.OUT ?? 'dist';
const TEXT = /\.(html|js|css|json|svg|wasm|txt)$/;

for (const entry of readdirSync(OUT, { recursive: true })) {
  const path = join(OUT, entry);
  if (!TEXT.test(path) || statSync(path).size < 1024) continue;
  const body = readFileSync(path);
  const quality = body.length > 2_000_000 ? 9 : 11; // beyond that the last percent costs many seconds
  writeFileSync(`${path}.br`, brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }));
  writeFileSync(`${path}.gz`, gzipSync(body, { level: 9 }));
}
