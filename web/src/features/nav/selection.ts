// The lines of a run: found, filtered, summed. Pure.
import type { NavLineAnswer, RunFigures } from '@/api/schema';
import { add, compare, divide, negate, sign } from '@/lib/decimal';

export interface Line extends NavLineAnswer {
  /** Its place in the run, which never changes: the address of the line. */
  readonly key: string;
  readonly label: string;
  /** Account and wallet, the kind of a manual item, or the fund whose units are held. */
  readonly where: string;
  readonly venue: string;
}

export const ONLY = ['unpriced', 'stale', 'manual'] as const;
export type Only = (typeof ONLY)[number];

export interface Filter {
  readonly fund: string | null;
  readonly node: string | null;
  readonly venue: string | null;
  readonly only: Only | null;
  readonly text: string;
}

export function describe(rows: readonly NavLineAnswer[], figures: RunFigures, nodeName: (id: string) => string): readonly Line[] {
  const labels = new Map(figures.labels.map((one) => [one.subject, one.label]));
  const places = new Map(figures.places.map((one) => [one.account, one]));
  return rows.map((row, index) => {
    const { line } = row;
    const place = places.get(line.account);
    const holder = line.kind === 'holding' ? nodeName(line.account) : (place?.title ?? line.account);
    return {
      ...row,
      key: String(index + 1),
      label: labels.get(line.subject) ?? line.subject,
      where: [holder, line.wallet].filter((part) => part !== '').join(' · '),
      venue: place?.venue ?? '',
    };
  });
}

/** Without a fund: every line that is no holding, since the lines of that fund are there. Largest value first. */
export function select(lines: readonly Line[], filter: Filter): readonly Line[] {
  const text = filter.text.trim().toLocaleLowerCase();
  const wanted = (one: Line): boolean =>
    (filter.fund === null ? one.line.kind !== 'holding' : one.fund === filter.fund) &&
    (filter.node === null || one.line.node === filter.node) &&
    (filter.venue === null || one.venue === filter.venue) &&
    (filter.only === null || is(one, filter.only)) &&
    (text === '' || searchable(one).includes(text));
  return lines.filter(wanted).sort((one, other) => -compareSize(one.line.value_usd, other.line.value_usd));
}

export function is({ line }: Line, only: Only): boolean {
  if (only === 'unpriced') return line.value_usd === null;
  return only === 'manual' ? line.kind === 'manual' : line.coverage === 'stale';
}

function searchable(one: Line): string {
  const { line } = one;
  return [one.label, one.where, one.venue, line.node, line.tag ?? '', line.subject, line.price_source].join(' ').toLocaleLowerCase();
}

/** Unknown is larger than anything: it needs to be seen. */
function compareSize(one: string | null, other: string | null): number {
  if (one === null || other === null) return one === other ? 0 : one === null ? 1 : -1;
  return compare(size(one), size(other));
}

function size(value: string): string {
  return sign(value) < 0 ? negate(value) : value;
}

/** The exact sum of the known values, and how many are unknown. */
export function total(lines: readonly Line[]): { value: string; unknown: number } {
  const known = lines.flatMap((one) => (one.line.value_usd === null ? [] : [one.line.value_usd]));
  return { value: known.reduce(add, '0'), unknown: lines.length - known.length };
}

/** The share of a value in a whole, as a fraction; null where either is unknown or the whole is zero. */
export function shareOf(value: string | null, whole: string | null): string | null {
  return value === null || whole === null ? null : divide(value, whole, 6);
}
