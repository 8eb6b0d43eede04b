// Lines of a node: in order, found by a word, and summed exactly by asset or venue.
import type { HeldLine } from '@/api/schema';
import { add, compare, isDecimal, negate, sign } from '@/lib/decimal';

export type Grouping = 'line' | 'asset' | 'venue';

export interface LineGroup {
  readonly key: string;
  readonly lines: number;
  /** Null where a part is unknown: a sum over an unknown would look complete. */
  readonly value: string | null;
  readonly exposure: string | null;
  readonly unrealised: string | null;
  /** Lines without a value, which the sum leaves out. */
  readonly unpriced: number;
}

export function lineKey(line: HeldLine): string {
  return [line.node, line.account, line.wallet, line.subject, line.tag ?? ''].join('|');
}

const size = (text: string): string => (sign(text) < 0 ? negate(text) : text);

/** The largest value first; lines without one last. */
export function bySize(lines: readonly HeldLine[]): HeldLine[] {
  return [...lines].sort((one, other) => {
    if (!known(one.value) || !known(other.value)) return Number(!known(one.value)) - Number(!known(other.value));
    return compare(size(other.value), size(one.value));
  });
}

/** A figure that can be reckoned with: neither unknown nor masked. */
function known(text: string | null): text is string {
  return text !== null && isDecimal(text);
}

export function matching(lines: readonly HeldLine[], word: string): readonly HeldLine[] {
  const wanted = word.trim().toLowerCase();
  if (wanted === '') return lines;
  return lines.filter((line) => [line.name, line.account, line.venue, line.subject, line.node].some((text) => text.toLowerCase().includes(wanted)));
}

/** Sums of the known parts; a contract counts to its base asset's symbol by its name's first word. */
export function grouped(lines: readonly HeldLine[], by: Exclude<Grouping, 'line'>): LineGroup[] {
  const groups = new Map<string, HeldLine[]>();
  for (const line of lines) {
    const key = by === 'venue' ? line.venue : line.name;
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  return [...groups]
    .map(([key, members]) => ({
      key,
      lines: members.length,
      value: sum(members.map((line) => line.value)),
      exposure: sum(members.map((line) => line.exposure)),
      unrealised: sum(members.map((line) => line.unrealised)),
      unpriced: members.filter((line) => !known(line.value)).length,
    }))
    .sort((one, other) => compare(size(other.value ?? '0'), size(one.value ?? '0')));
}

function sum(parts: readonly (string | null)[]): string | null {
  const found = parts.filter(known);
  return found.length === 0 ? null : found.reduce(add);
}
