// The NAV of each run, and its change against the published NAV before it. Pure.
import type { HistoryPoint } from '@/api/schema';
import { divide, subtract } from '@/lib/decimal';

/** `points` are oldest first. Null: not known, or there is none before. `change` is a fraction. */
export function changeOf(run: string, points: readonly HistoryPoint[]): { nav: string | null; change: string | null } {
  const at = points.findIndex((point) => point.run === run);
  const nav = points[at]?.nav ?? null;
  if (nav === null) return { nav: null, change: null };
  const before = points.slice(0, at).findLast((point) => point.nav !== null && point.kind !== 'provisional')?.nav ?? null;
  return { nav, change: before === null ? null : divide(subtract(nav, before), before, 8) };
}
