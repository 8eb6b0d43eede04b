import { useMemo, useState } from 'react';
import { useNavigate } from 'react-router';
import type { Row, TreeAnswer } from '@/api/schema';
import { shift, show } from '@/lib/decimal';
import { useWords } from '@/lib/i18n';
import { clock } from '@/lib/time';
import { CoverageMeter, observedShare } from '@/ui/Coverage';
import { fileOf } from '@/api/client';
import { useView } from '@/lib/view';
import { DataTable, type Column } from '@/ui/DataTable';
import { ExportMenu } from '@/ui/ExportMenu';
import { Change, Figure, MASK, PercentChange, Unknown } from '@/ui/Figure';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { Sparkline } from '@/ui/Sparkline';
import css from './Overview.module.css';
import { reasonOf, type Measure } from './reasons';
import words from './words';

/** Every node with its NAV, change, day, exposure and coverage; a row opens its page. */
export function TreeTable({ data, measure, title, className }: { data: TreeAnswer; measure: Measure; title?: string; className?: string }) {
  const t = useWords(words);
  const navigate = useNavigate();
  const { moment } = useView();
  const exportAs = (format: string) => fileOf(`/api/v1/overview/${data.fund}/tree`, { numeraire: data.numeraire, ...moment, format });
  const [folded, setFolded] = useState(() => foldedAtFirst(data.tree));
  const rows = useMemo(() => unfolded(data.tree, folded), [data.tree, folded]);
  const parents = useMemo(() => new Set(data.tree.map((row) => row.parent)), [data.tree]);
  const fold = (node: string) => setFolded((old) => (old.has(node) ? new Set([...old].filter((one) => one !== node)) : new Set([...old, node])));
  const columns = useColumns(data.numeraire, measure, (row) =>
    parents.has(row.node) ? (
      <button
        type="button"
        className={`bare ${css.fold}`}
        aria-label={folded.has(row.node) ? t.unfold : t.fold}
        aria-expanded={!folded.has(row.node)}
        onClick={(event) => {
          event.stopPropagation();
          fold(row.node);
        }}
      >
        <Icon name={folded.has(row.node) ? 'right' : 'down'} size={12} />
      </button>
    ) : (
      <span className={css.noFold} />
    ),
  );
  return (
    <Panel className={className} title={title ?? t.portfolio} sub={t.provisionalAt(clock(data.as_of))} tools={<ExportMenu href={exportAs} />}>
      <DataTable
        label={title ?? t.portfolio}
        rows={rows}
        columns={columns}
        rowKey={(row, index) => (row.node === MASK ? `${index}` : row.node)}
        rowTone={(row) => (row.depth === 0 ? 'total' : parents.has(row.node) ? 'group' : 'plain')}
        onOpen={(row) => (row.node === MASK ? undefined : void navigate(`/portfolio/${row.node}${location.search}`))}
      />
    </Panel>
  );
}

/** A phone begins with the funds; their strategies are one tap away. */
function foldedAtFirst(rows: readonly Row[]): ReadonlySet<string> {
  return new Set(matchMedia('(max-width: 700px)').matches ? rows.filter((row) => row.depth > 0).map((row) => row.node) : []);
}

/** The rows whose ancestors are all open. */
export function unfolded(rows: readonly Row[], folded: ReadonlySet<string>): readonly Row[] {
  const hidden = new Set<string>();
  return rows.filter((row) => {
    const gone = row.parent !== null && (hidden.has(row.parent) || folded.has(row.parent)) && row.depth > 0;
    if (gone) hidden.add(row.node);
    return !gone;
  });
}

function useColumns(numeraire: string, { places, scale, letter }: Measure, foldOf: (row: Row) => React.ReactNode): readonly Column<Row>[] {
  const t = useWords(words);
  const reason = (row: Row, field: string) => reasonOf(row.missing, field, t.reason);
  const exposurePlaces = scale ? 1 : places;
  return [
    {
      id: 'name',
      header: t.node,
      card: 'title',
      cell: (row) => (
        <span className={css.name} style={{ paddingLeft: row.depth * 12 }}>
          {foldOf(row)}
          {row.name}
        </span>
      ),
    },
    {
      id: 'nav',
      header: t.nav,
      unit: numeraire,
      align: 'right',
      provisional: true,
      card: 'value',
      cell: (row) => <Figure value={row.nav} places={places} provisional={row.quality !== 'complete'} reason={reason(row, 'nav')} />,
    },
    {
      id: 'change',
      header: t.change,
      unit: numeraire,
      align: 'right',
      card: 'aside',
      cell: (row) => <Change value={row.change} places={places} calm reason={reason(row, 'change')} />,
    },
    {
      id: 'share',
      header: '%',
      cardUnit: '%',
      align: 'right',
      card: 'aside',
      cell: (row) => <PercentChange value={row.change_share} calm bare reason={reason(row, 'change')} />,
    },
    {
      id: 'intraday',
      header: t.intraday,
      unit: numeraire,
      align: 'right',
      card: 'none',
      cell: (row) => <Change value={row.intraday} places={places} calm bare reason={reason(row, 'intraday')} />,
    },
    { id: 'spark', header: t.day, card: 'none', cell: (row) => <Sparkline points={row.spark.map((point) => point.value)} /> },
    {
      id: 'gross',
      header: t.gross,
      unit: letter,
      align: 'right',
      card: 'none',
      cell: (row) => <Figure value={row.gross} places={exposurePlaces} scale={scale} reason={reason(row, 'gross')} />,
    },
    {
      id: 'net',
      header: t.net,
      unit: letter,
      align: 'right',
      card: 'none',
      cell: (row) => <Figure value={row.net} places={exposurePlaces} scale={scale} reason={reason(row, 'net')} />,
    },
    {
      id: 'leverage',
      header: t.lev,
      unit: '×',
      align: 'right',
      card: 'none',
      cell: (row) => <Figure value={row.leverage} places={2} reason={reason(row, 'leverage')} />,
    },
    { id: 'meter', header: t.coverage, width: 66, card: 'note', cell: (row) => <CoverageMeter coverage={row.coverage} /> },
    {
      id: 'observed',
      header: '%',
      cardUnit: '%',
      align: 'right',
      card: 'note',
      cell: (row) =>
        row.coverage ? <span className="num">{show(shift(observedShare(row.coverage), 2), 1)}</span> : <Unknown reason={reason(row, 'coverage')} />,
    },
  ];
}
