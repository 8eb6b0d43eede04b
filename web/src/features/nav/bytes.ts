// A payload for people: indented without touching a digit, or as bytes.
import { compare, isDecimal, negate, sign } from '@/lib/decimal';

export const SHOWN_BYTES = 64 * 1024;
export const SHOWN_LINES = 400;

/** JSON text on many lines. Only white space between tokens changes: numbers keep every digit as received. */
export function indentJson(text: string): string {
  let out = '';
  let depth = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"?|[{}[\],:]|[^\s"{}[\],:]+/gs)) {
    if (token === '{' || token === '[') {
      depth += 1;
      out += token + line();
    } else if (token === '}' || token === ']') {
      depth = Math.max(0, depth - 1);
      out = /[{[]\s*$/.test(out) ? out.trimEnd() + token : out + line() + token;
    } else if (token === ',') out += token + line();
    else out += token === ':' ? ': ' : token;
  }
  return out;
}

/** The text of the bytes, indented where it is JSON; null where they are no text. */
export function readable(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (/[\0-\x08\x0e-\x1f]/.test(text)) return null;
    return /^\s*[[{]/.test(text) ? indentJson(text) : text;
  } catch {
    return null;
  }
}

/** `00000010  7b 22 73 …  {"s…`: sixteen bytes a line. */
export function hexDump(bytes: Uint8Array, perLine = 8): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += perLine) {
    const part = [...bytes.subarray(at, at + perLine)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = part.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : '·')).join('');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(perLine * 3 - 1)}  ${text}`);
  }
  return lines;
}

/** Whether a line of a payload holds one of these figures, whatever its trailing zeros or sign. */
export function mentions(line: string, figures: readonly string[]): boolean {
  const found = (line.match(/-?\d+(?:\.\d+)?/g) ?? []).filter(isDecimal);
  return found.some((number) => figures.some((figure) => compare(unsigned(number), unsigned(figure)) === 0));
}

function unsigned(number: string): string {
  return sign(number) < 0 ? negate(number) : number;
}

/** SHA-256 in hex; null where the browser computes hashes only over https. */
export async function sha256(bytes: BufferSource): Promise<string | null> {
  if (!globalThis.crypto?.subtle) return null;
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
