// How a pivot is set: what stands in rows, in columns, as value, and what is left out. It lives in the address.

export const DIMENSIONS = ['fund', 'strategy', 'account', 'venue', 'chain', 'asset', 'product', 'side', 'coverage', 'day', 'hour'] as const;
export const MEASURES = ['exposure', 'gross', 'value', 'pnl', 'funding'] as const;

export type Dimension = (typeof DIMENSIONS)[number];
export type Measure = (typeof MEASURES)[number];
export type Shelf = 'rows' | 'columns';

export interface Shape {
  readonly rows: readonly Dimension[];
  readonly columns: readonly Dimension[];
  readonly value: Measure;
  /** Only these members of a dimension count; a dimension that is not named is not filtered. */
  readonly filters: Readonly<Partial<Record<Dimension, readonly string[]>>>;
}

export const FIRST: Shape = { rows: ['asset', 'fund'], columns: ['product'], value: 'exposure', filters: {} };

const isDimension = (text: string): text is Dimension => (DIMENSIONS as readonly string[]).includes(text);
const isMeasure = (text: string | null): text is Measure => (MEASURES as readonly (string | null)[]).includes(text);

// A tilde parts the members, so in a member it is written as a percent sign writes it.
const encoded = (member: string): string => encodeURIComponent(member).replaceAll('~', '%7E');

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not written by us
  }
}

function dimensions(text: string | null): Dimension[] | null {
  return text === null ? null : [...new Set(text.split(',').filter(isDimension))];
}

/** The shape that an address names; what it does not name, or wrongly, is as at first. */
export function shapeOf(params: URLSearchParams): Shape {
  const rows = dimensions(params.get('rows')) ?? FIRST.rows;
  const columns = (dimensions(params.get('columns')) ?? FIRST.columns).filter((one) => !rows.includes(one)).slice(0, 1);
  const value = params.get('value');
  const filters = Object.fromEntries(
    params
      .getAll('only')
      .map((text) => text.split('~'))
      .filter(([name = '', ...members]) => isDimension(name) && members.length > 0)
      .map(([name = '', ...members]) => [name, members.map(decoded)]),
  );
  return { rows, columns, value: isMeasure(value) ? value : FIRST.value, filters };
}

/** The address of a shape, keeping all that the address says of other things. */
export function withShape(params: URLSearchParams, shape: Shape): URLSearchParams {
  const next = new URLSearchParams([...params].filter(([name]) => !['rows', 'columns', 'value', 'only'].includes(name)));
  next.set('rows', shape.rows.join(','));
  next.set('columns', shape.columns.join(','));
  next.set('value', shape.value);
  for (const [name, members] of Object.entries(shape.filters)) next.append('only', [name, ...members.map(encoded)].join('~'));
  return next;
}

/** The shape with a dimension put on a shelf before `at` (default: at its end); it leaves where it was. */
export function put(shape: Shape, dimension: Dimension, shelf: Shelf, at?: number): Shape {
  const taken = take(shape, dimension);
  if (shelf === 'columns') return { ...taken, columns: [dimension] };
  const was = shape.rows.indexOf(dimension);
  const place = at === undefined ? taken.rows.length : at - (was >= 0 && was < at ? 1 : 0);
  return { ...taken, rows: [...taken.rows.slice(0, place), dimension, ...taken.rows.slice(place)] };
}

/** The shape without a dimension in rows and columns. */
export function take(shape: Shape, dimension: Dimension): Shape {
  const rest = (all: readonly Dimension[]) => all.filter((one) => one !== dimension);
  return { ...shape, rows: rest(shape.rows), columns: rest(shape.columns) };
}

/** The shape counting only these members; none lifts the filter. */
export function only(shape: Shape, dimension: Dimension, members: readonly string[]): Shape {
  const { [dimension]: _, ...rest } = shape.filters;
  return { ...shape, filters: members.length === 0 ? rest : { ...rest, [dimension]: members } };
}
