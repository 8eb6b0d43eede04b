// Opening and facts against closing for every asset and contract of every wallet; breaks first.
import { Button } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { ReconciledAnswer, RunAnswer, RunFigures } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { Badge } from '@/ui/Badge';
import { DataTable } from '@/ui/DataTable';
import { ExportMenu } from '@/ui/ExportMenu';
import { Change, Figure } from '@/ui/Figure';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import { useReconciliation } from './data';
import { placesOf } from './Lines';
import css from './nav.module.css';
import words from './words';

const ORDER = ['break', 'unread', 'no_opening', 'ok'];

export function Reconciliation({ run, figures }: { run: RunAnswer; figures: RunFigures }) {
  return (
    <Shown of={useReconciliation(run)} rows={8}>
      {(rows) => <Compared run={run} figures={figures} rows={rows} />}
    </Shown>
  );
}

function Compared({ run, figures, rows }: { run: RunAnswer; figures: RunFigures; rows: readonly ReconciledAnswer[] }) {
  const t = useWords(words);
  const [breaksOnly, setBreaksOnly] = useState(false);
  const label = useMemo(() => new Map(figures.labels.map((one) => [one.subject, one.label])), [figures]);
  const place = useMemo(() => new Map(figures.places.map((one) => [one.account, one.title])), [figures]);
  const breaks = rows.filter(({ row }) => row.status === 'break');
  const shown = [...(breaksOnly ? breaks : rows)].sort((one, other) => ORDER.indexOf(one.row.status) - ORDER.indexOf(other.row.status));
  const tone = { ok: 'ok', break: 'crit', no_opening: 'plain', unread: 'warn' } as const;
  return (
    <Panel
      title={t.tabs.reconciliation}
      sub={breaks.length === 0 ? t.reconciledOk(String(rows.length)) : t.breaks(String(breaks.length))}
      tools={
        <span className={css.tools}>
          <Button size="xs" variant={breaksOnly ? 'light' : 'default'} aria-pressed={breaksOnly} onClick={() => setBreaksOnly(!breaksOnly)}>
            {t.breaksOnly} {breaks.length}
          </Button>
          <ExportMenu href={(format) => `/api/v1/nav/runs/${encodeURIComponent(run.id)}/reconciliation?format=${format}`} />
        </span>
      }
    >
      <DataTable
        label={t.tabs.reconciliation}
        rows={shown}
        rowKey={({ fund, row }) => [fund, row.account, row.wallet, row.kind, row.subject].join(' ')}
        empty={breaksOnly ? <Empty icon="check" title={t.noBreaks} /> : <Empty title={t.noReconciliation}>{t.noReconciliationHint}</Empty>}
        columns={[
          { id: 'asset', header: t.asset, cell: ({ row }) => <span className="medium">{label.get(row.subject) ?? row.subject}</span>, sortBy: ({ row }) => label.get(row.subject) ?? row.subject, card: 'title' },
          { id: 'where', header: t.where, cell: ({ row }) => <span className="ink2">{`${place.get(row.account) ?? row.account} · ${row.wallet}`}</span>, sortBy: ({ row }) => row.account, card: 'note' },
          { id: 'opening', header: t.opening, align: 'right', cell: ({ row }) => <Figure value={row.opening} places={placesOf(row.opening ?? '', 8)} reason={t.status_.no_opening} />, card: 'line' },
          { id: 'facts', header: t.facts, align: 'right', cell: ({ row }) => <Figure value={row.facts} places={placesOf(row.facts, 8)} signed />, card: 'line' },
          { id: 'count', header: t.count, align: 'right', cell: ({ row }) => <span className="num dim">{row.fact_count}</span>, card: 'none' },
          { id: 'closing', header: t.closing, align: 'right', cell: ({ row }) => <Figure value={row.closing} places={placesOf(row.closing ?? '', 8)} reason={t.status_.unread} />, card: 'line' },
          { id: 'difference', header: t.difference, align: 'right', cell: ({ row }) => <Change value={row.difference} places={placesOf(row.difference ?? '', 8)} reason={t.status_.unread} />, sortBy: ({ row }) => row.difference, card: 'value' },
          { id: 'status', header: t.state, cell: ({ row }) => <Badge tone={tone[row.status]}>{t.status_[row.status]}</Badge>, sortBy: ({ row }) => row.status, card: 'aside' },
        ]}
      />
    </Panel>
  );
}
