// What does not fit together, until a person explains or mends it.
import { useState } from 'react';
import { useNavigate, useParams, useSearchParams } from 'react-router';
import type { IssueAnswer } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import kinds from '@/lib/kinds';
import { age, full, moment } from '@/lib/time';
import { useView } from '@/lib/view';
import { Badge } from '@/ui/Badge';
import { Chips } from '@/ui/Chips';
import { DataTable, type Column } from '@/ui/DataTable';
import { Drawer } from '@/ui/Drawer';
import { ExportMenu } from '@/ui/ExportMenu';
import { Figure } from '@/ui/Figure';
import { Finding } from '@/ui/Finding';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import { IssueCard } from './IssueCard';
import { useIssues, useStakes } from './data';
import words from './words';

const STATES = ['open', 'explained', 'fixed', 'all'] as const;
type Wanted = (typeof STATES)[number];

export default function Issues() {
  const t = useWords(words);
  const { id } = useParams();
  const [params] = useSearchParams();
  const navigate = useNavigate();
  const issues = useIssues();
  const names = useWords(kinds);
  const open = (next: string | null) => void navigate({ pathname: next === null ? '/issues' : `/issues/${encodeURIComponent(next)}`, search: params.toString() });
  const chosen = issues.data?.find((one) => one.id === id);
  return (
    <>
      <Shown of={issues} rows={8}>
        {(found) => <Listed issues={found} selected={id ?? null} onOpen={open} />}
      </Shown>
      <Drawer opened={id !== undefined && issues.data !== undefined} title={chosen ? (names[chosen.kind]?.name ?? chosen.kind) : t.title} onClose={() => open(null)}>
        {chosen ? (
          <IssueCard key={chosen.id} issue={chosen} onDone={() => open(null)} />
        ) : (
          <Empty icon="search" title={t.missing}>
            {t.missingHint}
          </Empty>
        )}
      </Drawer>
    </>
  );
}

function Listed({ issues, selected, onOpen }: { issues: readonly IssueAnswer[]; selected: string | null; onOpen: (id: string) => void }) {
  const t = useWords(words);
  const [wanted, setWanted] = useState<Wanted>('open');
  const shown = wanted === 'all' ? issues : issues.filter((one) => one.state === wanted);
  const open = issues.filter((one) => one.state === 'open');
  const columns = useColumns(wanted === 'open');
  const state = wanted === 'all' ? '' : `state=${wanted}&`;
  return (
    <Panel
      title={t.title}
      sub={t.sub(open.length, open.filter((one) => one.blocking).length)}
      tools={
        <>
          <Chips label={t.state} chosen={wanted} onChoose={setWanted} of={STATES.map((one) => [one, t.states[one]])} />
          <ExportMenu href={(format) => `/api/v1/issues?${state}format=${format}`} />
        </>
      }
    >
      <DataTable
        label={t.title}
        columns={columns}
        rows={shown}
        rowKey={(one) => one.id}
        selected={selected}
        onOpen={(one) => onOpen(one.id)}
        empty={
          <Empty icon="check" title={wanted === 'open' ? t.none : t.noneOfState}>
            {wanted === 'open' ? t.noneHint : null}
          </Empty>
        }
      />
    </Panel>
  );
}

function useColumns(onlyOpen: boolean): readonly Column<IssueAnswer>[] {
  const t = useWords(words);
  const names = useWords(kinds);
  const language = useLanguage();
  const { numeraire } = useView();
  const stakes = useStakes();
  const now = Date.now();
  const stake: Column<IssueAnswer> = {
    id: 'stake',
    header: t.atStake,
    unit: numeraire,
    align: 'right',
    cell: (one) => <Figure value={stakes[one.id] ?? null} reason={t.unknownStake} />,
    sortBy: (one) => stakes[one.id] ?? null,
    card: 'value',
  };
  const kind: Column<IssueAnswer> = { id: 'kind', header: t.kind, cell: (one) => <span className="ink2 nowrap">{names[one.kind]?.name ?? one.kind}</span>, sortBy: (one) => one.kind, card: 'none' };
  const state: Column<IssueAnswer> = { id: 'state', header: t.state, cell: (one) => t.states[one.state], sortBy: (one) => one.state, card: 'value' };
  return [
    { id: 'blocks', header: t.effect, width: 76, cell: (one) => <Badge tone={one.blocking && one.state === 'open' ? 'crit' : 'plain'}>{one.blocking ? t.blocks : t.note}</Badge>, sortBy: (one) => String(one.blocking), card: 'aside' },
    { id: 'what', header: t.what, cell: (one) => <Finding kind={one.kind} subject={one.subject} message={one.message} />, card: 'title' },
    ...(language === 'zh' ? [] : [kind]), // 中文 begins the sentence with it
    { id: 'subject', header: t.subject, cell: (one) => one.subject, sortBy: (one) => one.subject, card: 'note' },
    {
      id: 'age',
      header: onlyOpen ? t.age : t.opened,
      align: 'right',
      cell: (one) => <span title={full(one.opened_at)}>{onlyOpen ? age((now - Date.parse(one.opened_at)) / 1000, language) : moment(one.opened_at, language)}</span>,
      sortBy: (one) => one.opened_at,
      card: 'line',
    },
    onlyOpen ? stake : state,
  ];
}
