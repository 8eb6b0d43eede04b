/** What a refused fact said, and the fact that stands in its place. */
export interface Conflict {
  readonly standing: string | null;
  readonly statement: unknown;
}

/** The two sides of an issue about a refused fact; null for issues of other kinds. */
export function conflictOf(detail: string): Conflict | null {
  const found: unknown = JSON.parse(detail);
  if (typeof found !== 'object' || found === null || !('statement' in found)) return null;
  const standing = 'standing' in found && typeof found.standing === 'string' ? found.standing : null;
  return { standing, statement: typeof found.statement === 'string' ? JSON.parse(found.statement) : found.statement };
}

export interface Difference {
  readonly field: string;
  readonly stands: string;
  readonly refused: string;
}

/** The fields in which two statements differ, dots between levels. */
export function differencesOf(standing: unknown, refused: unknown): readonly Difference[] {
  const [a, b] = [flat(standing), flat(refused)];
  const fields = [...new Set([...a.keys(), ...b.keys()])];
  return fields
    .map((field) => ({ field, stands: a.get(field) ?? '', refused: b.get(field) ?? '' }))
    .filter(({ stands, refused }) => stands !== refused);
}

function flat(value: unknown, at = '', into = new Map<string, string>()): Map<string, string> {
  if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) flat(inner, at ? `${at}.${name}` : name, into);
  } else if (value !== null && value !== undefined) {
    into.set(at, String(value));
  }
  return into;
}
