// Sums by group: one walk over the rows, whatever the shape. Display figures only; nothing is stored from them.
import type { Book, Stored } from './book';
import type { Dimension, Measure, Shape } from './shape';

export const MOST_COLUMNS = 16;
export const OTHERS = '\u0000others';

/** Groups in the order in which they were met; group 0 is everything. All arrays are by group. */
export interface Pivot {
  readonly rows: readonly Dimension[];
  /** Members of the column dimension, the largest first; the last column of each group is the total. */
  readonly columns: readonly string[];
  readonly parent: Int32Array;
  readonly depth: Uint8Array;
  readonly name: readonly string[];
  /** `sums[group * (columns + 1) + column]`, the total last. */
  readonly sums: Float64Array;
  /** How many rows of the group have no figure, and so add nothing. */
  readonly unknown: Int32Array;
  /** Sums of what is above and below zero, for the chart. */
  readonly above: Float64Array;
  readonly below: Float64Array;
  readonly counted: number;
}

export function pivot(book: Book, shape: Shape): Pivot {
  const wanted = filter(book, shape);
  const figure = measure(book, shape.value);
  const split = shape.columns[0] === undefined ? null : columnsOf(book, shape.columns[0], wanted, figure);
  const width = (split?.names.length ?? 0) + 1;
  const levels = shape.rows.map((dimension) => book.coded(dimension));
  const groups = new Groups(width);
  let counted = 0;
  for (let at = 0; at < book.end; at += 1) {
    if (!wanted(at)) continue;
    counted += 1;
    const number = figure(at);
    const column = split === null ? -1 : (split.column[split.codes[at] as number] as number);
    let group = 0;
    groups.add(0, number, column);
    for (let level = 0; level < levels.length; level += 1) {
      const { codes, names } = levels[level] as { codes: Int32Array; names: string[] };
      const code = codes[at] as number;
      group = groups.below(group, level, code, names);
      groups.add(group, number, column);
    }
  }
  return { rows: shape.rows, columns: split?.names ?? [], counted, ...groups.done() };
}

/** The members of a dimension, by letters, for the filter's list. */
export function members(book: Book, dimension: Dimension): string[] {
  const { codes, names } = book.coded(dimension);
  const seen = new Set<number>();
  for (let at = 0; at < book.end; at += 1) if (book.alive[at]) seen.add(codes[at] as number);
  return [...seen].map((code) => names[code] as string).sort((one, other) => one.localeCompare(other));
}

class Groups {
  readonly #children: Map<number, number>[] = [];
  readonly #parent: number[] = [-1];
  readonly #depth: number[] = [0];
  readonly #name: string[] = [''];
  readonly #unknown: number[] = [0];
  readonly #above: number[] = [0];
  readonly #below: number[] = [0];
  #sums: Float64Array;

  constructor(readonly width: number) {
    this.#sums = new Float64Array(64 * width);
  }

  below(parent: number, level: number, code: number, names: readonly string[]): number {
    const children = (this.#children[level] ??= new Map());
    const key = parent * names.length + code; // both below a hundred million: exact in a double
    const found = children.get(key);
    if (found !== undefined) return found;
    const group = this.#parent.push(parent) - 1;
    this.#depth.push(level + 1);
    this.#name.push(names[code] as string);
    this.#unknown.push(0);
    this.#above.push(0);
    this.#below.push(0);
    if ((group + 1) * this.width > this.#sums.length) {
      const wider = new Float64Array(this.#sums.length * 2);
      wider.set(this.#sums);
      this.#sums = wider;
    }
    children.set(key, group);
    return group;
  }

  add(group: number, number: number, column: number): void {
    if (Number.isNaN(number)) {
      this.#unknown[group] = (this.#unknown[group] as number) + 1;
      return;
    }
    const start = group * this.width;
    const total = start + this.width - 1;
    this.#sums[total] = (this.#sums[total] as number) + number;
    if (column >= 0) this.#sums[start + column] = (this.#sums[start + column] as number) + number;
    const side = number >= 0 ? this.#above : this.#below;
    side[group] = (side[group] as number) + number;
  }

  done() {
    return {
      parent: Int32Array.from(this.#parent),
      depth: Uint8Array.from(this.#depth),
      name: this.#name,
      sums: this.#sums.slice(0, this.#parent.length * this.width),
      unknown: Int32Array.from(this.#unknown),
      above: Float64Array.from(this.#above),
      below: Float64Array.from(this.#below),
    };
  }
}

function measure(book: Book, value: Measure): (at: number) => number {
  const stored = book.numbers(value === 'gross' ? 'exposure' : (value as Stored));
  return value === 'gross' ? (at) => Math.abs(stored[at] as number) : (at) => stored[at] as number;
}

function filter(book: Book, shape: Shape): (at: number) => boolean {
  const tests = Object.entries(shape.filters).map(([dimension, allowed]) => {
    const { codes, known } = book.coded(dimension as Dimension);
    return { codes, allowed: new Set((allowed ?? []).map((name) => known.get(name) ?? -1)) };
  });
  return (at) => book.alive[at] === 1 && tests.every(({ codes, allowed }) => allowed.has(codes[at] as number));
}

/** Which column each member goes to: the largest have their own, the rest share the last. */
function columnsOf(book: Book, dimension: Dimension, wanted: (at: number) => boolean, figure: (at: number) => number) {
  const { codes, names } = book.coded(dimension);
  const size = new Float64Array(names.length);
  const met = new Uint8Array(names.length);
  for (let at = 0; at < book.end; at += 1) {
    if (!wanted(at)) continue;
    const code = codes[at] as number;
    met[code] = 1;
    size[code] = (size[code] as number) + Math.abs(figure(at) || 0);
  }
  const order = [...names.keys()].filter((code) => met[code]).sort((one, other) => (size[other] as number) - (size[one] as number));
  const own = order.length > MOST_COLUMNS ? order.slice(0, MOST_COLUMNS - 1) : order;
  const column = new Int32Array(names.length).fill(own.length);
  own.forEach((code, place) => (column[code] = place));
  return { codes, column, names: [...own.map((code) => names[code] as string), ...(own.length < order.length ? [OTHERS] : [])] };
}
