// What keeps a NAV provisional, in a few words.
import type { Coverage } from '@/api/schema';
import { shift, show, sign } from '@/lib/decimal';

interface Words {
  readonly missingLines: (count: string) => string;
  readonly missingShare: (share: string) => string;
  readonly staleShare: (share: string) => string;
}

/** The first of: lines without a price, a missing share, a stale share; null where everything is known. */
export function doubtOf(coverage: Coverage, t: Words): string | null {
  if (coverage.lines_unpriced > 0) return t.missingLines(String(coverage.lines_unpriced));
  if (sign(coverage.missing) > 0) return t.missingShare(show(shift(coverage.missing, 2), 2));
  return sign(coverage.stale) > 0 ? t.staleShare(show(shift(coverage.stale, 2), 2)) : null;
}
