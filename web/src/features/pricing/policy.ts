// A pricing policy as text that people edit, and back; exact numbers stay text.
import type { PricingPolicy } from '@/api/schema';

export type Rule = PricingPolicy['rules'][number];
export type Source = Rule['waterfall'][number];

const KINDS = new Set(['last', 'mark', 'index', 'fixing', 'manual']);

/** One source a line: `ecb fixing iso4217:USD inverted`. */
export function textOf(sources: readonly Source[]): string {
  return sources.map((one) => [one.source, one.kind, one.quote, ...(one.inverted ? ['inverted'] : [])].join(' ')).join('\n');
}

/** The sources of such a text, or the number of the first line that is none. */
export function sourcesOf(text: string): readonly Source[] | number {
  const found: Source[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.trim().split(/\s+/);
    if (words[0] === '') continue;
    const [source, kind, quote, inverted, more] = words;
    if (!source || !kind || !quote || !KINDS.has(kind) || (inverted !== undefined && inverted !== 'inverted') || more !== undefined) return index + 1;
    found.push({ source, kind: kind as Source['kind'], quote, inverted: inverted !== undefined });
  }
  return found.length > 0 ? found : 1;
}
