// What an approver looks at first, each with its way to the lines behind it.
import { Link, useLocation } from 'react-router';
import type { RunAnswer, RunFigures } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { Icon } from '@/ui/Icon';
import { useCoverage } from './data';
import { doubtOf } from './doubt';
import css from './nav.module.css';
import words from './words';

export function Checks({ run, figures }: { run: RunAnswer; figures: RunFigures }) {
  const t = useWords(words);
  const coverage = useCoverage(run).data;
  if (!coverage) return null;
  const manual = figures.funds.reduce((sum, fund) => sum + fund.lines_manual, 0);
  const reconciled = figures.funds.reduce((sum, fund) => sum + fund.reconciled, 0);
  const unpriced = coverage.coverage.lines_unpriced;
  const missing = coverage.failures.filter((one) => one.blocking !== false).length;
  const doubt = doubtOf(coverage.coverage, t);
  const reconciliation = reconciled === 0 ? t.reconciledNone : t.reconciledOk(String(reconciled));
  return (
    <ul className={css.checks}>
      <Check good={coverage.breaks === 0} to="?show=reconciliation" text={coverage.breaks === 0 ? reconciliation : t.breaks(String(coverage.breaks))} />
      <Check good={unpriced === 0} to="?show=lines&only=unpriced" text={unpriced === 0 ? t.pricedAll : t.unpricedSome(String(unpriced))} />
      <Check good={doubt === null && missing === 0} to={missing === 0 && doubt ? '?show=lines&only=stale' : '?show=coverage'} text={missing > 0 ? t.blocking(String(missing)) : (doubt ?? t.nothingBlocks)} />
      <Check good={manual === 0} to="?show=lines&only=manual" text={manual === 0 ? t.manualNone : t.manualSome(String(manual))} />
    </ul>
  );
}

function Check({ good, text, to }: { good: boolean; text: string; to: string }) {
  const t = useWords(words);
  const { pathname } = useLocation();
  return (
    <li>
      <Icon name={good ? 'check' : 'warn'} size={14} className={good ? css.good : 'warn'} />
      <span>{text}</span>
      <Link className="link" to={`${pathname}${to}`} preventScrollReset aria-label={`${t.read}: ${text}`}>
        {t.read}
      </Link>
    </li>
  );
}
