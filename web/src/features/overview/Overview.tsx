// The first page: worth, changed, could hurt, not known; then the tree, the history and what waits.
import { Button } from '@mantine/core';
import { Link, Navigate } from 'react-router';
import type { OverviewAnswer } from '@/api/schema';
import { measureOf } from '@/lib/decimal';
import { useWords } from '@/lib/i18n';
import { useMe } from '@/lib/session';
import { useFunds, useNodes, useView } from '@/lib/view';
import { ErrorState, Loading, Shown, State } from '@/ui/States';
import { Panel } from '@/ui/Panel';
import { AttentionList } from './AttentionList';
import { Changed } from './Changed';
import { History } from './History';
import { useOverview } from './data';
import { Hurt } from './Hurt';
import css from './Overview.module.css';
import { Sits } from './Sits';
import { TreeTable } from './TreeTable';
import { NotKnown } from './NotKnown';
import { Worth } from './Worth';
import words from './words';

export default function Overview() {
  const nodes = useNodes();
  const funds = useFunds();
  const [part] = useMe().scope.nodes ?? [];
  const { fund, numeraire, moment } = useView();
  const overview = useOverview(fund, numeraire, moment);
  if (nodes.error && funds.length === 0) return <ErrorState error={nodes.error} retry={() => void nodes.refetch()} />;
  if (nodes.isSuccess && funds.length === 0) return part === undefined ? <NoPortfolio /> : <Navigate to="/portfolio" replace />;
  if (overview.data === undefined && (!overview.error || nodes.isPending)) return <Skeleton />;
  return <Shown of={overview}>{(data) => <Page data={data} />}</Shown>;
}

function Page({ data }: { data: OverviewAnswer }) {
  const measure = measureOf(data.worth.nav);
  return (
    <div className={css.grid}>
      <div className={css.band}>
        <Worth data={data} measure={measure} />
        <Changed data={data} measure={measure} />
        <Hurt data={data} />
        <NotKnown data={data} measure={measure} />
      </div>
      <TreeTable data={data} measure={measure} className={css.tree} />
      <Sits data={data} measure={measure} />
      <History fund={data.fund} numeraire={data.numeraire} />
      <AttentionList items={data.attention} numeraire={data.numeraire} measure={measure} />
    </div>
  );
}

function Skeleton() {
  return (
    <div className={css.grid}>
      <div className={css.band}>
        {[0, 1, 2, 3].map((section) => (
          <section key={section}>
            <Loading rows={6} height={170} />
          </section>
        ))}
      </div>
      <Panel className={css.tree}>
        <Loading rows={18} height={500} />
      </Panel>
      <Panel className={css.history}>
        <Loading rows={8} height={250} />
      </Panel>
    </div>
  );
}

function NoPortfolio() {
  const t = useWords(words);
  return (
    <Panel>
      <State
        icon="tree"
        title={t.empty}
        action={
          <Button component={Link} to="/connections" variant="filled">
            {t.connect}
          </Button>
        }
      >
        {t.emptyHint}
      </State>
    </Panel>
  );
}
