// Holds the rows and answers pivots, so that the page never waits for sums.
import { tableFromIPC } from '@uwdata/flechette';
import { Book, type Row } from './book';
import { members, pivot, type Pivot } from './pivot';
import type { Dimension, Shape } from './shape';

export type Ask =
  | { readonly kind: 'rows'; readonly bytes: ArrayBuffer }
  | { readonly kind: 'changes'; readonly rows: readonly Row[]; readonly removed: readonly string[] }
  | { readonly kind: 'pivot'; readonly shape: Shape }
  | { readonly kind: 'members'; readonly dimension: Dimension };

export type Answer =
  | { readonly kind: 'loaded'; readonly rows: number }
  | { readonly kind: 'pivot'; readonly pivot: Pivot; readonly shape: Shape; readonly rows: number; readonly milliseconds: number }
  | { readonly kind: 'members'; readonly dimension: Dimension; readonly members: readonly string[] };

let book = new Book();

const tell = (answer: Answer) => self.postMessage(answer);

self.onmessage = ({ data }: MessageEvent<Ask>) => {
  switch (data.kind) {
    case 'rows':
      book = read(data.bytes);
      return tell({ kind: 'loaded', rows: book.size });
    case 'changes':
      data.rows.forEach((row) => book.put(row));
      data.removed.forEach((id) => book.remove(id));
      return;
    case 'pivot': {
      const began = performance.now();
      const found = pivot(book, data.shape);
      return tell({ kind: 'pivot', pivot: found, shape: data.shape, rows: book.size, milliseconds: performance.now() - began });
    }
    case 'members':
      return tell({ kind: 'members', dimension: data.dimension, members: members(book, data.dimension) });
  }
};

function read(bytes: ArrayBuffer): Book {
  const table = tableFromIPC(new Uint8Array(bytes));
  const next = new Book(Math.max(1024, table.numRows));
  const columns = table.names.map((name) => [String(name), table.getChild(name)] as const);
  for (let at = 0; at < table.numRows; at += 1) {
    const row: Record<string, unknown> = {};
    for (const [name, column] of columns) row[name] = column?.at(at) ?? null;
    const time = row['time'];
    row['time'] = typeof time === 'number' ? new Date(time).toISOString() : null;
    next.put(row as unknown as Row);
  }
  return next;
}
