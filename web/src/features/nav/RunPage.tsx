// One NAV run: what it is worth, how it came about, what may be done with it, and every line to its bytes.
import { useEffect } from 'react';
import { Link, useParams } from 'react-router';
import type { RunAnswer, RunFigures } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { moment } from '@/lib/time';
import { useNodes } from '@/lib/view';
import { Panel } from '@/ui/Panel';
import { Loading, Shown } from '@/ui/States';
import { QualityBadge, StateBadge } from './badges';
import { BridgePanel } from './BridgePanel';
import { useFigures, useRun } from './data';
import { Decision } from './Decision';
import css from './nav.module.css';
import { Proof } from './Proof';
import { RunHead } from './RunHead';
import { Sections } from './Sections';
import { Timeline } from './Timeline';
import words from './words';
import { Work } from './Work';

export default function RunPage() {
  const { run: id = '' } = useParams();
  return (
    <Shown of={useRun(id)} rows={10}>
      {(run) => <Run run={run} />}
    </Shown>
  );
}

function Run({ run }: { run: RunAnswer }) {
  const figures = useFigures(run);
  return (
    <div className={css.page}>
      <Crumbs run={run} />
      {run.result_sha === null ? null : (
        <Shown of={figures} rows={2}>
          {(found) => <RunHead run={run} figures={found} />}
        </Shown>
      )}
      <Timeline run={run} figures={figures.data} />
      {run.state === 'collecting' ? <Work run={run} /> : null}
      {run.result_sha === null ? (
        <Decision run={run} figures={null} />
      ) : figures.data ? (
        <Result run={run} figures={figures.data} />
      ) : figures.error ? null : (
        <Panel padded>
          <Loading rows={6} />
        </Panel>
      )}
    </div>
  );
}

function Result({ run, figures }: { run: RunAnswer; figures: RunFigures }) {
  return (
    <>
      <div className={css.pair}>
        <BridgePanel run={run} />
        <div className={css.stack}>
          <Decision run={run} figures={figures} />
          <Proof run={run} />
        </div>
      </div>
      <Sections run={run} figures={figures} />
    </>
  );
}

function Crumbs({ run }: { run: RunAnswer }) {
  const t = useWords(words);
  const language = useLanguage();
  const { data: nodes = [] } = useNodes();
  const fund = nodes.find((one) => one.id === run.fund)?.body.name ?? run.fund;
  const when = moment(run.as_of, language);
  useEffect(() => {
    document.title = `${fund} · ${when} · truenav`;
  }, [fund, when]);
  return (
    <nav className={css.crumbs} aria-label={t.title}>
      <Link to={`/nav?fund=${encodeURIComponent(run.fund)}`} className="dim">
        {t.title}
      </Link>
      <span className="dim">/</span>
      <Link to={`/nav?fund=${encodeURIComponent(run.fund)}`}>{fund}</Link>
      <span className="dim">/</span>
      <h1>{when}</h1>
      <StateBadge run={run} />
      {run.quality === 'provisional' ? <QualityBadge run={run} /> : null}
      <span className={`mono dim ${css.runId}`}>{run.id}</span>
    </nav>
  );
}
