// The share classes of all funds, and the rules of all accounts.
import type { RuleDefinition, ShareClassDefinition } from '@/api/schema';
import { useSymbols } from '@/lib/assets';
import { shift } from '@/lib/decimal';
import { useWords } from '@/lib/i18n';
import { useNodes } from '@/lib/view';
import { type Column, DataTable } from '@/ui/DataTable';
import { Empty, Shown } from '@/ui/States';
import type { Opened } from './TreePage';
import { useClasses, useRules } from './data';
import css from './Tree.module.css';
import words from './words';

interface ListProps {
  selected: string | null;
  onOpen: (what: Opened) => void;
}

function useNames(): (id: string) => string {
  const names = new Map((useNodes().data ?? []).map((one) => [one.id, one.body.name]));
  return (id) => names.get(id) ?? id;
}

export function Classes({ selected, onOpen }: ListProps) {
  const t = useWords(words);
  const name = useNames();
  const symbol = useSymbols();
  const columns: readonly Column<ShareClassDefinition>[] = [
    { id: 'name', header: t.name, sortBy: (row) => row.body.name, card: 'title', cell: (row) => row.body.name },
    { id: 'id', header: t.id, card: 'none', cell: (row) => <span className="mono">{row.id}</span> },
    { id: 'fund', header: t.fund, sortBy: (row) => name(row.body.fund), card: 'note', cell: (row) => name(row.body.fund) },
    { id: 'currency', header: t.currency, sortBy: (row) => symbol(row.body.currency), cell: (row) => symbol(row.body.currency) },
    {
      id: 'fee',
      header: t.feeShort,
      unit: t.aYear,
      align: 'right',
      sortBy: (row) => row.body.management_fee_rate,
      cardUnit: t.aYear,
      cell: (row) => <span className="num">{shift(row.body.management_fee_rate, 2)}</span>,
    },
    { id: 'days', header: t.dayCount, align: 'right', cell: (row) => <span className="num">{row.body.day_count}</span> },
  ];
  const empty = (
    <Empty icon="seal" title={t.noClasses}>
      {t.noClassesHint}
    </Empty>
  );
  return (
    <Shown of={useClasses()} rows={3}>
      {(found) => <DataTable label={t.classes} columns={columns} rows={found} rowKey={(row) => row.id} selected={selected} onOpen={(row) => onOpen({ class: row.id })} empty={empty} />}
    </Shown>
  );
}

export function Rules({ selected, onOpen }: ListProps) {
  const t = useWords(words);
  const name = useNames();
  const symbol = useSymbols();
  const takes = ({ body: { selector } }: RuleDefinition): string => {
    if (selector.is === 'share') return t.shareOf(shift(selector.share, 2));
    if (selector.is === 'tag') return t.tagOf(selector.tag);
    return (selector.is === 'asset' ? selector.assets.map(symbol) : selector.instruments).join(', ');
  };
  const columns: readonly Column<RuleDefinition>[] = [
    { id: 'account', header: t.account, sortBy: (row) => row.body.account, card: 'title', cell: (row) => <span className="mono">{row.body.account}</span> },
    { id: 'rank', header: t.rank, align: 'right', sortBy: (row) => String(row.body.rank), cell: (row) => <span className="num">{row.body.rank}</span> },
    { id: 'takes', header: t.takes, cell: (row) => <span className={css.long}>{takes(row)}</span> },
    { id: 'feeds', header: t.feeds, sortBy: (row) => name(row.body.node), cell: (row) => name(row.body.node) },
  ];
  const empty = (
    <Empty icon="modules" title={t.noRules}>
      {t.noRulesHint}
    </Empty>
  );
  return (
    <Shown of={useRules()} rows={4}>
      {(found) => (
        <DataTable label={t.rules} columns={columns} rows={found} rowKey={(row) => row.id} selected={selected} onOpen={(row) => onOpen({ rule: row.id })} empty={empty} maxHeight={420} />
      )}
    </Shown>
  );
}
