// Times as the browser's fields give them, which we take for UTC.

/** `2026-01-31T08:00` is `2026-01-31T08:00:00.000Z`; null where it is no time. */
export function instantOf(local: string): string | null {
  const at = new Date(`${local}Z`);
  return local === '' || Number.isNaN(at.getTime()) ? null : at.toISOString();
}

/** The other way. */
export function localOf(instant: string | Date): string {
  return new Date(instant).toISOString().slice(0, 16);
}
