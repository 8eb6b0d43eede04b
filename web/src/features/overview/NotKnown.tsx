import { Fragment } from 'react';
import type { OverviewAnswer } from '@/api/schema';
import { show, shift, sign } from '@/lib/decimal';
import { useWords } from '@/lib/i18n';
import uiWords from '@/ui/words';
import { COVERAGE_PARTS, CoverageKey, CoverageMeter } from '@/ui/Coverage';
import { Change, PercentChange, Unknown } from '@/ui/Figure';
import css from './Overview.module.css';
import type { Measure } from './reasons';
import words from './words';

const KINDS: Readonly<Record<'stale' | 'missing', readonly string[]>> = { stale: ['account_stale', 'price_stale'], missing: ['unpriced', 'account_unread'] };

/** What do we not know: the value by how it was observed, and what hangs on what is stale. */
export function NotKnown({ data, measure }: { data: OverviewAnswer; measure: Measure }) {
  const t = useWords(words);
  const names = useWords(uiWords);
  const { coverage, if_stale_zero, if_stale_zero_share, reasons, breaks } = data.unknown;
  const why = (part: 'stale' | 'missing') => reasons.filter((one) => KINDS[part].includes(one.failure.kind)).map((one) => one.failure.subject);
  return (
    <section aria-label={t.unknown}>
      <h2 className={css.question}>
        <span>{t.unknown}</span>
        <span>{t.shareOfValue}</span>
      </h2>
      <div className={css.meter}>
        <CoverageMeter coverage={coverage} big />
      </div>
      <div className={css.legend}>
        {COVERAGE_PARTS.map((part) => {
          const subjects = part === 'stale' || part === 'missing' ? why(part) : [];
          const unpriced = part === 'missing' && coverage.lines_unpriced > 0;
          return (
            <Fragment key={part}>
              <CoverageKey part={part} />
              <span title={subjects.join(', ')}>
                {names[part]}{' '}
                <span className="dim">{unpriced ? t.lines(coverage.lines_unpriced) : subjects.slice(0, 1).join('')}</span>
              </span>
              <span className="num">
                {unpriced && sign(coverage.missing) === 0 ? <Unknown reason={subjects.join(', ')} /> : `${show(shift(coverage[part], 2), 2)} %`}
              </span>
            </Fragment>
          );
        })}
      </div>
      <div className={css.foot}>
        <dl className={css.footPairs}>
          {breaks > 0 ? (
            <>
              <dt className="warn">{t.breaks(breaks)}</dt>
              <dd />
            </>
          ) : null}
          <dt>{t.ifStaleZero}</dt>
          <dd>
            <Change value={if_stale_zero} places={measure.scale ? 2 : measure.places} scale={measure.scale} unit={measure.letter} bare />{' '}
            <span className="dim">
              <PercentChange value={if_stale_zero_share} places={2} unit="%" bare />
            </span>
          </dd>
        </dl>
      </div>
    </section>
  );
}
