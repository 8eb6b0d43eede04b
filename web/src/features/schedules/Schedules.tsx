// When which NAV is struck by itself: the list, the next times, what came of the last ones.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'react-router';
import { api, ask, askAll } from '@/api/client';
import type { RunAnswer, ScheduleAnswer } from '@/api/schema';
import { StateBadge } from '@/features/nav/badges';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { full, moment } from '@/lib/time';
import { useNodes } from '@/lib/view';
import { Badge } from '@/ui/Badge';
import { DataTable, type Column } from '@/ui/DataTable';
import { ExportMenu } from '@/ui/ExportMenu';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import { ScheduleForm } from './ScheduleForm';
import css from './schedules.module.css';
import words from './words';

const NEW = '+';

/** What the system strikes by itself is made by this name. */
const SYSTEM = 'system';

export default function Schedules() {
  const t = useWords(words);
  const can = useCan();
  const [params, setParams] = useSearchParams();
  const edited = params.get('edit');
  const edit = (id: string | null) => setParams(id === null ? {} : { edit: id }, { replace: true });
  const schedules = useQuery({
    queryKey: ['schedules', 'list'],
    queryFn: () => askAll<ScheduleAnswer>((cursor) => api.GET('/api/v1/schedules', { params: { query: { limit: 200, cursor } } })),
  });
  const add = can('job:write') ? (
    <Button size="xs" variant="filled" leftSection={<Icon name="plus" size={12} />} onClick={() => edit(NEW)}>
      {t.add}
    </Button>
  ) : null;
  return (
    <>
      <Panel
        title={t.title}
        sub={t.sub}
        tools={
          <>
            <ExportMenu href={(format) => `/api/v1/schedules?format=${format}`} />
            {add}
          </>
        }
      >
        <Shown of={schedules} rows={4}>
          {(rows) => <Table rows={rows} onOpen={(one) => edit(one.id)} add={add} />}
        </Shown>
      </Panel>
      <Shown of={schedules} rows={0}>
        {(rows) => {
          const found = rows.find((one) => one.id === edited) ?? null;
          return edited === NEW || found ? <ScheduleForm key={edited} schedule={found} onClose={() => edit(null)} /> : null;
        }}
      </Shown>
    </>
  );
}

function Table({ rows, onOpen, add }: { rows: readonly ScheduleAnswer[]; onOpen: (one: ScheduleAnswer) => void; add: React.ReactNode }) {
  const t = useWords(words);
  const language = useLanguage();
  const { data: nodes = [] } = useNodes();
  const columns: Column<ScheduleAnswer>[] = [
    { id: 'id', header: t.name, cell: (one) => <span className="medium">{one.id}</span>, sortBy: (one) => one.id, card: 'title' },
    { id: 'fund', header: t.fund, cell: (one) => nodes.find((node) => node.id === one.fund)?.body.name ?? one.fund, sortBy: (one) => one.fund, card: 'note' },
    {
      id: 'when',
      header: t.when,
      cell: (one) => (
        <span className={css.when}>
          <span className="mono">{one.cron}</span>
          <span className="dim">{one.time_zone}</span>
        </span>
      ),
      card: 'line',
    },
    {
      id: 'next',
      header: t.next,
      unit: 'UTC',
      cell: (one) => (one.next_at ? <span className="num" title={full(one.next_at)}>{moment(one.next_at, language)}</span> : <Badge>{t.paused}</Badge>),
      sortBy: (one) => one.next_at,
      card: 'value',
    },
    { id: 'last', header: t.last, cell: (one) => <LastRuns fund={one.fund} />, card: 'line' },
    { id: 'by', header: t.by, cell: (one) => one.changed_by, card: 'none' },
  ];
  return (
    <DataTable
      label={t.title}
      columns={columns}
      rows={rows}
      rowKey={(one) => one.id}
      onOpen={onOpen}
      empty={
        <Empty icon="clock" title={t.none} action={add}>
          {t.noneHint}
        </Empty>
      }
    />
  );
}

function LastRuns({ fund }: { fund: string }) {
  const t = useWords(words);
  const language = useLanguage();
  const runs = useQuery({
    queryKey: ['nav', 'runs', fund, 100],
    queryFn: () => ask(api.GET('/api/v1/nav/runs', { params: { query: { fund, limit: 100 } } })),
  });
  const mine: readonly RunAnswer[] = (runs.data?.items ?? []).filter((run) => run.created_by === SYSTEM).slice(0, 2);
  if (runs.data && mine.length === 0) return <span className="dim">{t.lastNone}</span>;
  return (
    <span className={css.when}>
      {mine.map((run) => (
        <Link key={run.id} to={`/nav/${encodeURIComponent(run.id)}`} title={moment(run.as_of, language)} onClick={(event) => event.stopPropagation()}>
          <StateBadge run={run} />
        </Link>
      ))}
    </span>
  );
}
