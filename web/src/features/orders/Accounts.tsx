// The accounts whose venue takes orders: key, limits, what was spent today; the chosen one beside the table.
import { Button } from '@mantine/core';
import { Link, useSearchParams } from 'react-router';
import type { TradingAccountAnswer } from '@/api/schema';
import { useSymbols } from '@/lib/assets';
import { shift } from '@/lib/decimal';
import { useLanguage, useWords } from '@/lib/i18n';
import { moment } from '@/lib/time';
import { DataTable, type Column } from '@/ui/DataTable';
import { Drawer } from '@/ui/Drawer';
import { ExportMenu } from '@/ui/ExportMenu';
import { Figure } from '@/ui/Figure';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import { Key } from './Key';
import { Limits } from './Limits';
import { useTradingAccounts } from './data';
import words from './words';

export function Accounts() {
  const t = useWords(words);
  const accounts = useTradingAccounts();
  const [params, setParams] = useSearchParams();
  const open = (account: string | null) =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        if (account === null) next.delete('open');
        else next.set('open', account);
        return next;
      },
      { replace: true },
    );
  const chosen = accounts.data?.find((one) => one.account === params.get('open'));
  return (
    <>
      <Panel title={t.accounts} sub={t.accountsHint} tools={<ExportMenu href={(format) => `/api/v1/trading-accounts?format=${format}`} />}>
        <Shown of={accounts} rows={2}>
          {(rows) => <Table rows={rows} selected={chosen?.account ?? null} onOpen={(one) => open(one.account)} />}
        </Shown>
      </Panel>
      <Drawer opened={chosen !== undefined} title={chosen?.account ?? ''} onClose={() => open(null)}>
        {chosen ? (
          <>
            <Limits key={`${chosen.account} ${chosen.limits?.version ?? 0}`} account={chosen} />
            <Key key={chosen.account} account={chosen} />
          </>
        ) : null}
      </Drawer>
    </>
  );
}

function Table({ rows, selected, onOpen }: { rows: readonly TradingAccountAnswer[]; selected: string | null; onOpen: (one: TradingAccountAnswer) => void }) {
  const t = useWords(words);
  const language = useLanguage();
  const symbol = useSymbols();
  const notional = (of: 'order_notional' | 'day_notional' | 'position_notional') => (one: TradingAccountAnswer) => <Figure value={one.limits?.body[of]} places={0} reason={t.noLimits} />;
  const columns: readonly Column<TradingAccountAnswer>[] = [
    { id: 'account', header: t.account, card: 'title', cell: (one) => <span className="medium">{one.account}</span>, sortBy: (one) => one.account },
    { id: 'venue', header: t.venue, card: 'note', cell: (one) => one.venue, sortBy: (one) => one.venue },
    { id: 'key', header: t.key, card: 'line', cell: (one) => (one.key ? t.keyOf(one.key.entered_by, moment(one.key.entered_at, language)) : <span className="dim">{t.noKey}</span>) },
    { id: 'limits', header: t.limits, card: 'none', cell: (one) => (one.limits ? symbol(one.limits.body.quote) : <span className="dim">{t.noLimits}</span>) },
    { id: 'order', header: t.oneOrder, align: 'right', card: 'none', cell: notional('order_notional') },
    { id: 'day', header: t.aDay, align: 'right', cell: notional('day_notional') },
    { id: 'spent', header: t.spentToday, align: 'right', card: 'value', cell: (one) => <Figure value={one.spent_today} places={0} />, sortBy: (one) => one.spent_today },
    { id: 'position', header: t.aPosition, align: 'right', card: 'none', cell: notional('position_notional') },
    { id: 'collar', header: t.collar, align: 'right', card: 'none', cell: (one) => <Figure value={one.limits ? shift(one.limits.body.collar, 2) : null} places={2} unit="%" reason={t.noLimits} /> },
    { id: 'unsettled', header: t.unsettled, align: 'right', card: 'aside', cell: (one) => <span className={one.unsettled > 0 ? 'num warn' : 'num'}>{one.unsettled}</span> },
  ];
  return (
    <DataTable
      label={t.accounts}
      columns={columns}
      rows={rows}
      rowKey={(one) => one.account}
      onOpen={onOpen}
      selected={selected}
      empty={
        <Empty
          icon="key"
          title={t.noAccounts}
          action={
            <Button component={Link} to="/connections">
              {t.connect}
            </Button>
          }
        >
          {t.noAccountsHint}
        </Empty>
      }
    />
  );
}
