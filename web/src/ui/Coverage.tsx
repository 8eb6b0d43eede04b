// How well a value is known: five parts told apart by texture as well as hue; a share above zero is never below 3 px.
import { forDrawing, isDecimal, shift, show } from '@/lib/decimal';
import { useWords } from '@/lib/i18n';
import css from './Coverage.module.css';
import words from './words';

export interface CoverageShares {
  /** Fractions of the value as exact text, `"0.9705"`; missing has no value, so it is a count of lines. */
  observed: string;
  priced: string;
  manual: string;
  stale: string;
  missingLines: number;
}

const PARTS = ['observed', 'priced', 'manual', 'stale'] as const;

export function CoverageMeter({ shares, big = false }: { shares: CoverageShares | null | undefined; big?: boolean }) {
  const t = useWords(words);
  if (!shares) return <span className={css.none} aria-label={t.unknown} role="img" />;
  const label = t.coverage(show(shift(shares.observed, 2), 1));
  return (
    <span className={big ? `${css.meter} ${css.big}` : css.meter} role="img" aria-label={label} title={label}>
      {PARTS.map((part) =>
        isDecimal(shares[part]) && forDrawing(shares[part]) > 0 ? (
          <span key={part} className={css[part]} style={{ flex: `${forDrawing(shares[part])} 0 0` }} />
        ) : null,
      )}
      {shares.missingLines > 0 ? <span className={css.missing} style={{ flex: '0 0 5px' }} /> : null}
    </span>
  );
}

export function CoverageKey({ part }: { part: (typeof PARTS)[number] | 'missing' }) {
  return <span className={`${css.key} ${css[part]}`} aria-hidden="true" />;
}
