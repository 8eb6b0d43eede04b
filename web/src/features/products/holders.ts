// Who holds a product's units, as a CSV with the columns holder and units names them: exact, each holder once.
import { fromCsv } from '@/lib/csv';
import { add, isDecimal } from '@/lib/decimal';

export interface Holders {
  readonly units: Readonly<Record<string, string>>;
  /** How many they are, and what they hold together. */
  readonly count: number;
  readonly total: string;
}

/** What is wrong with a file, in whose row where it is one. */
export interface WrongHolders {
  readonly wrong: 'columns' | 'twice' | 'number';
  readonly holder: string;
}

export function holdersOf(text: string): Holders | WrongHolders {
  const [head, ...rows] = fromCsv(text) ?? [];
  const [holder, units] = [head?.indexOf('holder') ?? -1, head?.indexOf('units') ?? -1];
  if (holder < 0 || units < 0 || rows.length === 0) return { wrong: 'columns', holder: '' };
  const found = new Map<string, string>();
  for (const row of rows) {
    const [name, held] = [row[holder] ?? '', row[units] ?? ''];
    if (found.has(name)) return { wrong: 'twice', holder: name };
    if (!isDecimal(held) || held.startsWith('-')) return { wrong: 'number', holder: name };
    found.set(name, held);
  }
  return { units: Object.fromEntries(found), count: found.size, total: [...found.values()].reduce(add, '0') };
}

/** Whether units can become so many: a merge makes one of several, a split several of one. */
export function isChange(old: string, now: string): boolean {
  const whole = /^[1-9]\d{0,8}$/;
  return whole.test(old) && whole.test(now) && old !== now && (old === '1' || now === '1');
}
