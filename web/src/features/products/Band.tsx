// Leverage on its scale: the target, and the prices at which it will be brought back, as leverages.
import type { Disclosure } from '@/api/schema';
import { forDrawing } from '@/lib/decimal';
import { useWords } from '@/lib/i18n';
import { Figure } from '@/ui/Figure';
import css from './Products.module.css';
import { leverageAt } from './leverage';
import words from './words';

export function Band({ data }: { data: Disclosure }) {
  const t = useWords(words);
  return (
    <div className={css.band}>
      <h2 className="dim">{t.leverageNow}</h2>
      <p className="hero">
        <Figure value={data.leverage} places={2} unit="×" />
      </p>
      {data.leverage === null ? null : <Scale data={data} now={Math.abs(forDrawing(data.leverage))} />}
      <p className={`dim ${css.key}`}>
        <span>
          <i className={css.ofTarget} /> {t.target} <Figure value={data.target} places={2} unit="×" />
        </span>
        {data.rebalances_at_or_below !== null || data.rebalances_at_or_above !== null ? (
          <span>
            <i className={css.ofLimit} /> {t.trigger}
          </span>
        ) : null}
      </p>
    </div>
  );
}

function Scale({ data, now }: { data: Disclosure; now: number }) {
  const limits = [data.rebalances_at_or_below, data.rebalances_at_or_above]
    .flatMap((price) => (price === null ? [] : [leverageAt(data, forDrawing(price))]))
    .filter((one) => Number.isFinite(one));
  const target = data.target === null ? null : Math.abs(forDrawing(data.target));
  const all = [now, ...limits, ...(target === null ? [] : [target])];
  const low = Math.min(...all) * 0.9;
  const high = Math.max(...all) * 1.1;
  const at = (leverage: number) => ((leverage - low) / (high - low)) * 100;
  return (
    <svg className={css.scale} viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
      <rect className={css.track} x="0" y="8" width="100" height="8" />
      {limits.map((one) => (
        <line key={one} className={css.limit} x1={at(one)} x2={at(one)} y1="4" y2="20" vectorEffect="non-scaling-stroke" />
      ))}
      {target === null ? null : <line className={css.target} x1={at(target)} x2={at(target)} y1="6" y2="18" vectorEffect="non-scaling-stroke" />}
      <line className={css.now} x1={at(now)} x2={at(now)} y1="2" y2="22" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
