// The parts of a run below its headline, one at a time; which one is in the address.
import { SegmentedControl } from '@mantine/core';
import { useSearchParams } from 'react-router';
import type { RunAnswer, RunFigures } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { Classes } from './Classes';
import { CoverageSection } from './CoverageSection';
import { Differences } from './Differences';
import { Issues } from './Issues';
import { Lines } from './Lines';
import css from './nav.module.css';
import { Reconciliation } from './Reconciliation';
import { Trail } from './Trail';
import words from './words';

const SECTIONS = { lines: Lines, classes: Classes, coverage: CoverageSection, reconciliation: Reconciliation, issues: Issues, trail: Trail, differences: Differences };
type Section = keyof typeof SECTIONS;

export function Sections({ run, figures }: { run: RunAnswer; figures: RunFigures }) {
  const t = useWords(words);
  const [params, setParams] = useSearchParams();
  const offered = (Object.keys(SECTIONS) as Section[]).filter((one) => one !== 'differences' || run.restates !== null);
  const asked = params.get('show') as Section | null;
  const shown = asked && offered.includes(asked) ? asked : run.restates !== null ? 'differences' : 'lines';
  const Shown = SECTIONS[shown];
  return (
    <div className={css.sections}>
      <div className={css.tabs}>
        <SegmentedControl
          aria-label={t.sections}
          value={shown}
          onChange={(section) =>
            setParams(
              (old) => {
                const next = new URLSearchParams(old);
                next.set('show', section);
                next.delete('line');
                return next;
              },
              { replace: true, preventScrollReset: true },
            )
          }
          data={offered.map((one) => ({ value: one, label: t.tabs[one] }))}
        />
      </div>
      <Shown run={run} figures={figures} />
    </div>
  );
}
