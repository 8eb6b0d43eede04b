import { expect, test } from 'vitest';
import { Book, type Row } from './book';
import { MOST_COLUMNS, OTHERS, members, pivot } from './pivot';
import { FIRST, type Shape } from './shape';
import { linesOf } from './tree';

const row = (id: string, other: Partial<Row>): Row => ({
  id,
  fund: 'F',
  strategy: '',
  account: '',
  venue: '',
  chain: '',
  asset: 'BTC',
  product: 'spot',
  side: 'long',
  coverage: 'observed',
  time: '2026-11-22T09:30:00Z',
  exposure: 1,
  value: 1,
  pnl: 0,
  funding: null,
  ...other,
});

function random(count: number): Row[] {
  let seed = 7;
  const next = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
  return Array.from({ length: count }, (_, index) =>
    row(String(index), {
      fund: `F${next(20)}`,
      asset: `A${next(300)}`,
      product: ['spot', 'perpetual', 'future'][next(3)] as string,
      exposure: next(97) === 0 ? null : next(2000) - 900,
    }),
  );
}

function bookOf(rows: readonly Row[]): Book {
  const book = new Book();
  for (const one of rows) book.put(one);
  return book;
}

/** The same sums by filtering, slowly. */
function slow(rows: readonly Row[], test: (row: Row) => boolean): number {
  return rows.filter(test).reduce((sum, one) => sum + (one.exposure ?? 0), 0);
}

test('every group and column is the sum of its rows, and unknown ones are counted apart', () => {
  const rows = random(400);
  const found = pivot(bookOf(rows), FIRST);
  const width = found.columns.length + 1;
  for (let group = 1; group < found.parent.length; group += 1) {
    const [asset, fund] = found.depth[group] === 1 ? [found.name[group], null] : [found.name[found.parent[group] as number], found.name[group]];
    const mine = (one: Row) => one.asset === asset && (fund === null || one.fund === fund);
    expect(found.sums[group * width + width - 1]).toBe(slow(rows, mine));
    found.columns.forEach((product, column) => expect(found.sums[group * width + column]).toBe(slow(rows, (one) => mine(one) && one.product === product)));
    expect(found.unknown[group]).toBe(rows.filter((one) => mine(one) && one.exposure === null).length);
  }
});

test('a changed row replaces the old, a removed one is gone, and its place is used again', () => {
  const book = bookOf([row('a', { exposure: 5 }), row('b', { exposure: 7, asset: 'ETH' })]);
  book.put(row('a', { exposure: 6, asset: 'ETH' }));
  book.remove('b');
  book.put(row('c', { exposure: 1, asset: 'SOL' }));
  const found = pivot(book, { ...FIRST, columns: [] });
  expect(book.size).toBe(2);
  expect([...found.name]).toEqual(['', 'ETH', 'F', 'SOL', 'F']);
  expect([...found.sums]).toEqual([7, 6, 6, 1, 1]);
  expect(members(book, 'asset')).toEqual(['ETH', 'SOL']);
});

test('a filter counts only its members', () => {
  const rows = random(2000);
  const shape: Shape = { ...FIRST, filters: { product: ['spot', 'future'], fund: ['F1'] } };
  const found = pivot(bookOf(rows), shape);
  expect(found.sums[found.columns.length]).toBe(slow(rows, (one) => one.fund === 'F1' && one.product !== 'perpetual'));
  expect(pivot(bookOf(rows), { ...FIRST, filters: { fund: ['nobody'] } }).counted).toBe(0);
});

test('many columns: the largest stand alone, the rest together', () => {
  const found = pivot(bookOf(random(5000)), { ...FIRST, rows: ['fund'], columns: ['asset'] });
  expect(found.columns).toHaveLength(MOST_COLUMNS);
  expect(found.columns.at(-1)).toBe(OTHERS);
  const parts = found.columns.reduce((sum, _, column) => sum + (found.sums[column] as number), 0);
  expect(parts).toBe(found.sums[found.columns.length]);
});

test('lines come by size, keep their places while figures change, and open', () => {
  const order = new Map<string, number>();
  const book = bookOf([row('a', { exposure: 5 }), row('b', { exposure: 7, asset: 'ETH' })]);
  const names = () => linesOf(pivot(book, FIRST), new Set(['BTC']), order).map((line) => line.name);
  expect(names()).toEqual(['ETH', 'BTC', 'F']);
  book.put(row('a', { exposure: 50 }));
  book.put(row('c', { exposure: 90, asset: 'SOL' }));
  expect(names()).toEqual(['ETH', 'BTC', 'F', 'SOL']);
});

test('a hundred thousand rows are summed anew within 300 ms', () => {
  const book = bookOf(random(100_000));
  pivot(book, FIRST);
  const began = performance.now();
  const found = pivot(book, { ...FIRST, rows: ['fund', 'asset'] });
  expect(found.counted).toBe(100_000);
  expect(performance.now() - began).toBeLessThan(300);
});
