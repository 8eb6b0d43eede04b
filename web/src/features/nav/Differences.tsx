// A restatement beside the NAV it replaces: every line that is not the same, summing to the change.
import { Link } from 'react-router';
import type { LineDifference, RunAnswer, RunFigures } from '@/api/schema';
import { add } from '@/lib/decimal';
import { useWords } from '@/lib/i18n';
import { useNodes } from '@/lib/view';
import { DataTable } from '@/ui/DataTable';
import { ExportMenu } from '@/ui/ExportMenu';
import { Change, Figure } from '@/ui/Figure';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import { useDifferences } from './data';
import { placesOf } from './Lines';
import words from './words';

type Row = LineDifference | { readonly sum: string };

export function Differences({ run, figures }: { run: RunAnswer; figures: RunFigures }) {
  const t = useWords(words);
  const { data: nodes = [] } = useNodes();
  const nodeName = (id: string) => nodes.find((one) => one.id === id)?.body.name ?? id;
  const label = (row: LineDifference) => {
    const name = figures.labels.find((one) => one.subject === row.subject)?.label ?? row.subject;
    return row.kind === 'fee' ? `${name}, ${t.fee}` : name;
  };
  const place = (row: LineDifference) => [figures.places.find((one) => one.account === row.account)?.title ?? row.account, row.wallet].filter(Boolean).join(' · ');
  return (
    <Panel
      title={t.tabs.differences}
      sub={
        <>
          {t.restates}{' '}
          <Link className="link" to={`/nav/${encodeURIComponent(run.restates ?? '')}`}>
            {run.restates}
          </Link>
        </>
      }
      tools={<ExportMenu href={(format) => `/api/v1/nav/runs/${encodeURIComponent(run.id)}/differences?format=${format}`} />}
    >
      <Shown of={useDifferences(run)} rows={6}>
        {({ lines }) => {
          const own = lines.filter((one) => one.fund === run.fund);
          const rows: Row[] = lines.length === 0 ? [] : [...lines, { sum: own.map((one) => one.difference_usd).reduce(add, '0') }];
          return (
            <DataTable
              label={t.tabs.differences}
              rows={rows}
              rowKey={(row) => ('sum' in row ? 'sum' : [row.fund, row.node, row.account, row.wallet, row.kind, row.subject, row.tag].join(' '))}
              rowTone={(row) => ('sum' in row ? 'total' : 'plain')}
              empty={
                <Empty icon="check" title={t.differencesNone}>
                  {t.differencesNoneHint}
                </Empty>
              }
              columns={[
                { id: 'asset', header: t.asset, cell: (row) => ('sum' in row ? `${t.sumDifference}, ${nodeName(run.fund)}` : <span className="medium">{label(row)}</span>), card: 'title' },
                { id: 'fund', header: t.fund, cell: (row) => ('sum' in row ? null : nodeName(row.fund)), card: 'note' },
                { id: 'where', header: t.where, cell: (row) => ('sum' in row ? null : <span className="ink2">{place(row)}</span>), card: 'note' },
                { id: 'oldq', header: t.oldQuantity, align: 'right', cell: (row) => ('sum' in row ? null : <Figure value={row.old_quantity} places={placesOf(row.old_quantity ?? '', 4)} />), card: 'none' },
                { id: 'newq', header: t.newQuantity, align: 'right', cell: (row) => ('sum' in row ? null : <Figure value={row.new_quantity} places={placesOf(row.new_quantity ?? '', 4)} />), card: 'none' },
                { id: 'old', header: t.oldValue, unit: 'USD', align: 'right', cell: (row) => ('sum' in row ? null : <Figure value={row.old_value_usd} places={2} reason={t.priceUnknown} />), card: 'line' },
                { id: 'new', header: t.newValue, unit: 'USD', align: 'right', cell: (row) => ('sum' in row ? null : <Figure value={row.new_value_usd} places={2} reason={t.priceUnknown} />), card: 'line' },
                { id: 'difference', header: t.difference, unit: 'USD', align: 'right', cell: (row) => <Change value={'sum' in row ? row.sum : row.difference_usd} places={2} />, card: 'value' },
              ]}
            />
          );
        }}
      </Shown>
    </Panel>
  );
}
