// The headline: the NAV in the chosen numeraire, its change, and how well it is known.
import { Menu } from '@mantine/core';
import type { Coverage, RunAnswer, RunFigures } from '@/api/schema';
import { divide, measureOf, shift, show, subtract } from '@/lib/decimal';
import { useLanguage, useWords } from '@/lib/i18n';
import { full, moment } from '@/lib/time';
import { useView } from '@/lib/view';
import { Badge } from '@/ui/Badge';
import { CoverageMeter, observedShare } from '@/ui/Coverage';
import { Change, Figure, PercentChange } from '@/ui/Figure';
import { Icon } from '@/ui/Icon';
import { useBridges, useCoverage } from './data';
import { doubtOf } from './doubt';
import css from './nav.module.css';
import words from './words';

export function RunHead({ run, figures }: { run: RunAnswer; figures: RunFigures }) {
  const t = useWords(words);
  const { numeraire } = useView();
  const root = figures.funds.at(-1);
  const found = root?.numeraires.find((one) => one.code === numeraire);
  const code = found ? numeraire : 'USD';
  const nav = found ? found.nav : (root?.nav_usd ?? null);
  const coverage = useCoverage(run).data?.coverage;
  return (
    <header className={css.head}>
      <div>
        <p className="dim">
          <span title={full(run.as_of)}>{t.navAt(full(run.as_of))}</span>
        </p>
        <div className="hero">
          <Figure value={nav} places={measureOf(nav).places} provisional={run.quality === 'provisional'} />
          <Codes codes={root?.numeraires.map((one) => one.code) ?? []} code={code} />
        </div>
      </div>
      <SinceLast run={run} />
      {coverage ? <Known coverage={coverage} quality={run.quality} /> : null}
    </header>
  );
}

function Codes({ codes, code }: { codes: readonly string[]; code: string }) {
  const t = useWords(words);
  const { change } = useView();
  return (
    <Menu>
      <Menu.Target>
        <button type="button" className={`bare ${css.code}`} aria-label={`${t.numeraire}: ${code}`}>
          {code}
          <Icon name="down" size={11} />
        </button>
      </Menu.Target>
      <Menu.Dropdown mah={380} style={{ overflowY: 'auto' }}>
        {codes.map((one) => (
          <Menu.Item key={one} onClick={() => change({ numeraire: one })} fw={one === code ? 600 : undefined}>
            {one}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function SinceLast({ run }: { run: RunAnswer }) {
  const t = useWords(words);
  const language = useLanguage();
  const bridges = useBridges(run).data;
  const bridge = bridges?.at(-1)?.bridge;
  if (!bridges) return null;
  if (!bridge) return <p className={`dim ${css.since}`}>{t.first}</p>;
  const change = subtract(bridge.closing_nav_usd, bridge.opening_nav_usd);
  return (
    <div className={css.since}>
      <p className={css.moved}>
        <Change value={change} unit="USD" />
        <PercentChange value={divide(change, bridge.opening_nav_usd, 8)} unit="%" bare />
      </p>
      <p className="dim">{t.against(moment(bridge.previous_as_of, language))}</p>
    </div>
  );
}

function Known({ coverage, quality }: { coverage: Coverage; quality: string | null }) {
  const t = useWords(words);
  return (
    <div className={css.known}>
      <p>
        <Badge tone={quality === 'complete' ? 'ok' : 'warn'}>{quality === 'complete' ? t.complete : t.provisional}</Badge>
        <span className="dim">{doubtOf(coverage, t) ?? t.nothingMissing}</span>
        <span className="grow" />
        <span>
          <span className="num medium">{show(shift(observedShare(coverage), 2), 2)} %</span> <span className="dim">{t.observed}</span>
        </span>
      </p>
      <CoverageMeter coverage={coverage} big />
    </div>
  );
}
