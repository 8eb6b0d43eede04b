// What the columns of an export mean, as a person says it: pure steps from one draft of a layout to the next.
import type { FileSeen, Layout, Meaning } from '@/api/schema';

export const FIELDS = {
  when: ['time', 'clock'],
  what: ['type', 'subtype', 'status', 'direction', 'side'],
  sides: ['sent_amount', 'sent_asset', 'received_amount', 'received_asset'],
  single: ['amount', 'asset'],
  market: ['market', 'base', 'quote', 'quantity', 'price', 'total'],
  fee: ['fee_amount', 'fee_asset'],
  whose: ['account', 'to_account', 'wallet', 'counterpart'],
  names: ['id', 'order_id', 'txid', 'group'],
} as const;

export type FieldName = (typeof FIELDS)[keyof typeof FIELDS][number];

/** Two fields that one cell may hold, as in `2.5 ETH`. */
export const TOGETHER = ['amount+asset', 'sent_amount+sent_asset', 'received_amount+received_asset', 'fee_amount+fee_asset', 'quantity+base', 'total+quote'] as const;

export const MEANINGS: readonly Meaning[] = ['deposit', 'withdrawal', 'transfer', 'trade', 'buy', 'sell', 'reward', 'interest', 'fee', 'funding', 'realised', 'settlement', 'by_sides', 'ignore'];

export const ORDERS = ['iso', 'dmy', 'mdy', 'ymd', 'unix', 'unix_ms', 'own'] as const;
export type Order = (typeof ORDERS)[number];

/** Every text that is not listed. */
export const ANY = '*';

/** What a column gives: no field, one, or two joined by a plus. */
export function fieldsOf(layout: Layout, column: string): string {
  return Object.entries(layout.columns)
    .filter(([, name]) => name === column)
    .map(([field]) => field)
    .join('+');
}

/** The draft in which a column gives this; a field that another column gave is taken from it. */
export function withFields(layout: Layout, column: string, fields: string): Layout {
  const taken = new Set(fields.split('+').filter(Boolean));
  const others = Object.entries(layout.columns).filter(([field, name]) => name !== column && !taken.has(field));
  return { ...layout, columns: Object.fromEntries([...others, ...[...taken].map((field) => [field, column])]) };
}

/** The texts of a field's column, those of the draft first; null where the column has too many different ones. */
export function textsOf({ texts }: FileSeen, layout: Layout, field: FieldName, known: readonly string[]): readonly string[] | null {
  const column = layout.columns[field];
  if (column === undefined) return [];
  const found = texts[column];
  if (found === undefined) return known.length > 0 ? known : null;
  return [...new Set([...found.filter(Boolean), ...known])];
}

/** A table of words in which a text means this; undefined takes it out. */
export function withWord<T>(table: Readonly<Record<string, T>>, text: string, meaning: T | undefined): Record<string, T> {
  const { [text]: _, ...others } = table;
  return meaning === undefined ? others : { ...others, [text]: meaning };
}

/** Which order of day, month and year the draft reads; null where it leaves that open. */
export function orderOf({ times }: Layout): Order | null {
  const [form] = times.formats;
  if (form === undefined) return null;
  if (form === 'iso' || form === 'unix' || form === 'unix_ms') return form;
  if (/^%d.%m.%[Yy]/.test(form)) return 'dmy';
  if (/^%m.%d.%[Yy]/.test(form)) return 'mdy';
  return /^%Y.%m.%d/.test(form) ? 'ymd' : 'own';
}

const WRITTEN = /^(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:([T, ]+)(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(\s*[AaPp][Mm])?(\s*(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?)?$/;

/** The form in which a time is written, if day, month and year stand in this order; null where they do not. */
export function formOf(text: string, order: 'dmy' | 'mdy' | 'ymd'): string | null {
  const found = WRITTEN.exec(text.trim());
  if (!found) return null;
  const [, first, sign, , last, gap, hour, , second, fraction, half, zone] = found;
  const [year = '', other = ''] = order === 'ymd' ? [first, last] : [last, first];
  if ((year.length !== 4 && year.length !== 2) || other.length > 2) return null;
  const marks = { y: year.length === 4 ? '%Y' : '%y', m: '%m', d: '%d' };
  const day = [...order].map((one) => marks[one as keyof typeof marks]).join(sign);
  if (hour === undefined) return day;
  const clock = `${half ? '%I' : '%H'}:%M${second === undefined ? '' : ':%S'}${fraction === undefined ? '' : '.%f'}`;
  return `${day}${gap}${clock}${half ? half.replace(/[AaPp][Mm]/, '%p') : ''}${zone ? zone.replace(/\S+/, '%z') : ''}`;
}

/** The draft that reads times in this order, by how the samples are written. */
export function withOrder(layout: Layout, order: Order, samples: readonly string[]): Layout {
  if (order === 'own') return layout;
  const found = order === 'dmy' || order === 'mdy' || order === 'ymd' ? samples.map((one) => formOf(one, order)).filter((one) => one !== null) : [order];
  const plain = { dmy: '%d.%m.%Y %H:%M:%S', mdy: '%m/%d/%Y %H:%M:%S', ymd: '%Y-%m-%d %H:%M:%S' };
  const formats = found.length > 0 ? [...new Set(found)] : [plain[order as keyof typeof plain]];
  return { ...layout, times: { ...layout.times, formats } };
}

/** An identifier made of a name. */
export function slugOf(name: string): string {
  const bare = name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '');
  return bare.slice(0, 60).replace(/-+$/, '') || 'export';
}

/** Other forms of times, as a person writes them behind one another. */
export const formatsOf = (text: string) => text.split('|').map((one) => one.trim());

/** Whether rows name their account themselves. */
export const namesAccount = ({ columns }: Layout) => 'account' in columns || 'to_account' in columns;
