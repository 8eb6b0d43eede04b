// Where a return went: a bridge from 100 to the end, and the same as a table that sums.
import type { Explanation } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { Waterfall } from '@/ui/chart/Waterfall';
import { type Column, DataTable } from '@/ui/DataTable';
import { Percent, Unknown } from '@/ui/Figure';
import css from './Analysis.module.css';
import { partsOf, placesOf, stepsOf, type PartName } from './parts';
import words from './words';

interface Row {
  readonly id: PartName | 'together';
  readonly name: string;
  readonly value: string | null;
}

export function Parts({ of, name, financingUnknown = false }: { of: Explanation; name: string; financingUnknown?: boolean }) {
  const t = useWords(words);
  const steps = stepsOf(of, { start: t.start, end: t.end, label: (part) => t.parts[part] });
  const rows: readonly Row[] = [
    ...partsOf(of).map(([id, value]): Row => ({ id, name: t.partNames[id], value })),
    ...(financingUnknown ? [{ id: 'financing', name: t.partNames.financing, value: null } as const] : []),
    { id: 'together', name: t.together, value: of.product },
  ];
  const columns: readonly Column<Row>[] = [
    { id: 'part', header: t.part, card: 'title', cell: (row) => <span className={row.id === 'together' ? 'medium' : undefined}>{row.name}</span> },
    {
      id: 'value',
      header: t.ofNav,
      cardUnit: '%',
      align: 'right',
      card: 'value',
      cell: (row) => (row.value === null ? <Unknown reason={t.unknownFinancing} /> : <Percent value={row.value} places={4} signed />),
    },
  ];
  return (
    <>
      <div className={css.bridge}>
        <Waterfall steps={steps} places={placesOf(of)} summary={t.bridge(name)} height={210} />
      </div>
      <DataTable label={t.whereOf(name)} columns={columns} rows={rows} rowKey={(row) => row.id} rowTone={(row) => (row.id === 'together' ? 'total' : 'plain')} />
    </>
  );
}
