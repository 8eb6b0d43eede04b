// How well a value is known: five parts told apart by texture as well as hue; a share above zero is never below 3 px.
import type { Coverage } from '@/api/schema';
import { add, forDrawing, shift, show, sign } from '@/lib/decimal';
import { useWords } from '@/lib/i18n';
import css from './Coverage.module.css';
import words from './words';

/** From the best known to the unknown. */
export const COVERAGE_PARTS = ['api', 'imported', 'manual', 'stale', 'missing'] as const;
export type CoveragePart = (typeof COVERAGE_PARTS)[number];

/** What was observed: read from a venue or a chain, or imported from its statement. */
export function observedShare(coverage: Coverage): string {
  return add(coverage.api, coverage.imported);
}

export function CoverageMeter({ coverage, big = false }: { coverage: Coverage | null | undefined; big?: boolean }) {
  const t = useWords(words);
  if (!coverage) return <span className={css.none} aria-label={t.unknown} role="img" />;
  const label = t.coverage(show(shift(observedShare(coverage), 2), 1));
  const nothingSeen = coverage.lines_unpriced > 0 && sign(coverage.missing) === 0;
  return (
    <span className={big ? `${css.meter} ${css.big}` : css.meter} role="img" aria-label={label} title={label}>
      {COVERAGE_PARTS.map((part) =>
        sign(coverage[part]) > 0 ? <span key={part} className={css[part]} style={{ flex: `${forDrawing(coverage[part])} 0 0` }} /> : null,
      )}
      {nothingSeen ? <span className={css.missing} style={{ flex: '0 0 5px' }} /> : null}
    </span>
  );
}

export function CoverageKey({ part }: { part: CoveragePart }) {
  return <span className={`${css.key} ${css[part]}`} aria-hidden="true" />;
}
