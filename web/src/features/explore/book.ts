// The rows of a pivot as columns of numbers: texts become codes, unknown figures NaN. Runs in a worker.
import type { Dimension } from './shape';

export const STORED = ['exposure', 'value', 'pnl', 'funding'] as const;
export type Stored = (typeof STORED)[number];

const TEXTS = ['fund', 'strategy', 'account', 'venue', 'chain', 'asset', 'product', 'side', 'coverage'] as const;

/** One row as the server's stream of changes tells it. */
export type Row = Readonly<Record<(typeof TEXTS)[number], string> & { id: string; time: string | null } & Record<Stored, number | null>>;

/** The members of a dimension and the code that each row has. */
export interface Coded {
  codes: Int32Array;
  readonly names: string[];
  readonly known: Map<string, number>;
}

const DAY = 10; // 2026-11-22
const HOUR = 13; // 2026-11-22T09

export class Book {
  size = 0;
  readonly #place = new Map<string, number>();
  readonly #free: number[] = [];
  #room: number;
  #alive: Uint8Array;
  readonly #coded: Record<Dimension, Coded>;
  readonly #numbers: Record<Stored, Float64Array>;

  constructor(room = 1024) {
    this.#room = room;
    this.#alive = new Uint8Array(room);
    const coded = (): Coded => ({ codes: new Int32Array(room), names: [], known: new Map() });
    this.#coded = Object.fromEntries([...TEXTS, 'day', 'hour'].map((name) => [name, coded()])) as Record<Dimension, Coded>;
    this.#numbers = Object.fromEntries(STORED.map((name) => [name, new Float64Array(room)])) as Record<Stored, Float64Array>;
  }

  /** Places to walk over; those that are not `alive` hold nothing. */
  get end(): number {
    return this.size + this.#free.length;
  }

  get alive(): Uint8Array {
    return this.#alive;
  }

  coded(dimension: Dimension): Coded {
    return this.#coded[dimension];
  }

  numbers(measure: Stored): Float64Array {
    return this.#numbers[measure];
  }

  put(row: Row): void {
    const at = this.#place.get(row.id) ?? this.#new(row.id);
    for (const name of TEXTS) this.#code(name, at, row[name]);
    this.#code('day', at, row.time?.slice(0, DAY) ?? '');
    this.#code('hour', at, row.time?.slice(0, HOUR).replace('T', ' ') ?? '');
    for (const name of STORED) this.#numbers[name][at] = row[name] ?? Number.NaN;
  }

  remove(id: string): void {
    const at = this.#place.get(id);
    if (at === undefined) return;
    this.#place.delete(id);
    this.#alive[at] = 0;
    this.#free.push(at);
    this.size -= 1;
  }

  #new(id: string): number {
    const at = this.#free.pop() ?? this.size;
    if (at >= this.#room) this.#grow();
    this.#place.set(id, at);
    this.#alive[at] = 1;
    this.size += 1;
    return at;
  }

  #code(dimension: Dimension, at: number, text: string): void {
    const { codes, names, known } = this.#coded[dimension];
    let code = known.get(text);
    if (code === undefined) {
      code = names.push(text) - 1;
      known.set(text, code);
    }
    codes[at] = code;
  }

  #grow(): void {
    this.#room *= 2;
    const wider = <T extends Int32Array | Float64Array | Uint8Array>(old: T): T => {
      const next = new (old.constructor as new (size: number) => T)(this.#room);
      next.set(old as never);
      return next;
    };
    this.#alive = wider(this.#alive);
    for (const one of Object.values(this.#coded)) one.codes = wider(one.codes);
    for (const name of STORED) this.#numbers[name] = wider(this.#numbers[name]);
  }
}
