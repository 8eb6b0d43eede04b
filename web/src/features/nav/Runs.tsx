// The runs of a fund, newest valuation first, and where a new one begins.
import { Button, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import { api, ask } from '@/api/client';
import type { RunAnswer } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { full, moment } from '@/lib/time';
import { measureOf } from '@/lib/decimal';
import { useFunds, useView } from '@/lib/view';
import { DataTable, type Column } from '@/ui/DataTable';
import { ExportMenu } from '@/ui/ExportMenu';
import { Figure, PercentChange } from '@/ui/Figure';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import { QualityBadge, StateBadge } from './badges';
import { useRuns } from './data';
import { changeOf } from './history';
import css from './nav.module.css';
import { StrikeDialog } from './StrikeDialog';
import words from './words';

interface Row {
  readonly run: RunAnswer;
  readonly nav: string | null;
  readonly change: string | null;
}

export default function Runs() {
  const t = useWords(words);
  const can = useCan();
  const navigate = useNavigate();
  const { fund } = useView();
  const [params, setParams] = useSearchParams();
  const runs = useRuns(fund);
  const name = useFunds().find((one) => one.id === fund)?.body.name ?? fund ?? '';
  const state = params.get('state');
  const put = (key: string, value: string | null) =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        if (value === null) next.delete(key);
        else next.set(key, value);
        return next;
      },
      { replace: true },
    );
  const strike = can('nav:strike') ? (
    <Button size="xs" variant="filled" leftSection={<Icon name="nav" size={13} />} onClick={() => put('strike', '1')}>
      {t.strike}
    </Button>
  ) : null;
  return (
    <>
      <Panel
        title={t.runs}
        sub={t.runsOf(name)}
        tools={
          <span className={css.tools}>
            <Select
              size="xs"
              w={150}
              aria-label={t.state}
              placeholder={t.allStates}
              clearable
              value={state}
              onChange={(value) => put('state', value)}
              data={Object.entries(t.states).map(([value, label]) => ({ value, label }))}
            />
            <ExportMenu href={(format) => `/api/v1/nav/runs?fund=${encodeURIComponent(fund ?? '')}&format=${format}`} />
            {strike}
          </span>
        }
      >
        <Shown of={runs} rows={8}>
          {({ items }) => (
            <RunTable
              runs={items.filter((run) => state === null || run.state === state)}
              onOpen={(run) => void navigate(`/nav/${encodeURIComponent(run.id)}`)}
              empty={
                <Empty icon="nav" title={t.noRuns} action={strike}>
                  {t.noRunsHint}
                </Empty>
              }
            />
          )}
        </Shown>
      </Panel>
      <StrikeDialog opened={params.get('strike') !== null && can('nav:strike')} fund={fund} onClose={() => put('strike', null)} />
    </>
  );
}

function RunTable({ runs, onOpen, empty }: { runs: readonly RunAnswer[]; onOpen: (run: RunAnswer) => void; empty: React.ReactNode }) {
  const t = useWords(words);
  const language = useLanguage();
  const { fund, numeraire } = useView();
  const history = useQuery({
    queryKey: ['nav', 'history', fund, numeraire],
    enabled: fund !== null,
    queryFn: () =>
      ask(api.GET('/api/v1/overview/{fund}/history', { params: { path: { fund: fund ?? '' }, query: { numeraire } } })),
  });
  const rows = useMemo(() => {
    const points = history.data?.points ?? [];
    return runs.map((run): Row => ({ run, ...changeOf(run.id, points) }));
  }, [runs, history.data]);
  const { places } = measureOf(rows.find((row) => row.nav !== null)?.nav);
  const columns: Column<Row>[] = [
    { id: 'as_of', header: t.asOf, unit: 'UTC', cell: ({ run }) => <span className="medium num" title={full(run.as_of)}>{moment(run.as_of, language)}</span>, sortBy: ({ run }) => run.as_of, card: 'title' },
    { id: 'state', header: t.state, cell: ({ run }) => <StateBadge run={run} />, sortBy: ({ run }) => run.state, card: 'note' },
    { id: 'quality', header: t.kind, cell: ({ run }) => <QualityBadge run={run} />, card: 'note' },
    { id: 'nav', header: t.nav, unit: numeraire, align: 'right', cell: ({ run, nav }) => (run.result_sha && run.state !== 'rejected' ? <span className="medium"><Figure value={nav} places={places} provisional={run.quality === 'provisional'} reason={t.loadingResult} /></span> : <span className="dim">·</span>), sortBy: ({ nav }) => nav, card: 'value' },
    { id: 'change', header: t.change, unit: '%', align: 'right', cell: ({ change }) => (change === null ? <span className="dim">·</span> : <PercentChange value={change} calm />), sortBy: ({ change }) => change, card: 'aside' },
    { id: 'by', header: t.struckBy, cell: ({ run }) => run.created_by, card: 'line' },
    { id: 'approved', header: t.approvedBy, cell: ({ run }) => run.approved_by ?? <span className="dim">·</span>, card: 'line' },
    { id: 'id', header: t.runId, cell: ({ run }) => <span className="mono dim">{run.id}</span>, card: 'none' },
  ];
  return <DataTable label={t.runs} columns={columns} rows={rows} rowKey={({ run }) => run.id} onOpen={({ run }) => onOpen(run)} empty={empty} />;
}
