// The accounts that can trade, and every order with what became of it.
import { Button, Select, TextInput } from '@mantine/core';
import { useNavigate, useParams, useSearchParams } from 'react-router';
import type { OrderAnswer } from '@/api/schema';
import { useSymbols } from '@/lib/assets';
import { useLanguage, useWords } from '@/lib/i18n';
import { full, moment } from '@/lib/time';
import { Badge, type Tone } from '@/ui/Badge';
import { DataTable, type Column } from '@/ui/DataTable';
import { Drawer } from '@/ui/Drawer';
import { ExportMenu } from '@/ui/ExportMenu';
import { Figure, MASK } from '@/ui/Figure';
import { Stack } from '@/ui/Layout';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import { Accounts } from './Accounts';
import { Order } from './Order';
import css from './Orders.module.css';
import { useOrders, useTradingAccounts, type Filter } from './data';
import words from './words';

export default function Orders() {
  const t = useWords(words);
  const navigate = useNavigate();
  const { account, order } = useParams();
  const [params] = useSearchParams();
  const close = () => void navigate({ pathname: '/orders', search: params.toString() });
  return (
    <Stack>
      <Accounts />
      <List selected={order ?? null} />
      <Drawer opened={order !== undefined} title={t.title} onClose={close}>
        {account !== undefined && order !== undefined ? <Order account={account} order={order} /> : null}
      </Drawer>
    </Stack>
  );
}

function List({ selected }: { selected: string | null }) {
  const t = useWords(words);
  const [filter, change] = useFilter();
  const orders = useOrders(filter);
  const file = (format: string) => `/api/v1/orders?${new URLSearchParams({ ...filter, format }).toString()}`;
  return (
    <Panel title={t.title} tools={<ExportMenu href={file} />}>
      <Filters filter={filter} onChange={change} />
      <Shown of={orders} rows={8}>
        {({ pages }) => (
          <>
            <Table rows={pages.flatMap((page) => page.items)} filtered={Object.keys(filter).length > 0} selected={selected} />
            {orders.hasNextPage ? (
              <div className={css.more}>
                <Button size="xs" variant="subtle" onClick={() => void orders.fetchNextPage()} loading={orders.isFetchingNextPage}>
                  {t.more}
                </Button>
              </div>
            ) : null}
          </>
        )}
      </Shown>
    </Panel>
  );
}

type OrderState = OrderAnswer['state'];
type Field = 'account' | 'state' | 'since';

/** What is looked for stands in the address, so that it can be sent to somebody. */
function useFilter(): [Filter, (field: Field, value: string | null) => void] {
  const [params, setParams] = useSearchParams();
  const fields = (['account', 'state', 'since'] as const).flatMap((name) => {
    const value = params.get(name);
    return value ? [[name, name === 'since' ? `${value}T00:00:00Z` : value]] : [];
  });
  const change = (field: Field, value: string | null) =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        if (value) next.set(field, value);
        else next.delete(field);
        return next;
      },
      { replace: true },
    );
  return [Object.fromEntries(fields) as Filter, change];
}

function Filters({ filter, onChange }: { filter: Filter; onChange: (field: Field, value: string | null) => void }) {
  const t = useWords(words);
  const { data = [] } = useTradingAccounts();
  return (
    <div className={css.filters}>
      <Select size="xs" w={170} aria-label={t.account} placeholder={t.allAccounts} clearable value={filter.account ?? null} onChange={(value) => onChange('account', value)} data={data.map((one) => one.account)} />
      <Select
        size="xs"
        w={140}
        aria-label={t.state}
        placeholder={t.allStates}
        clearable
        value={filter.state ?? null}
        onChange={(value) => onChange('state', value)}
        data={(Object.keys(t.states) as OrderState[]).map((state) => ({ value: state, label: t.states[state] }))}
      />
      <TextInput size="xs" type="date" aria-label={t.since} title={t.since} value={filter.since?.slice(0, 10) ?? ''} onChange={(event) => onChange('since', event.currentTarget.value)} />
    </div>
  );
}

function Table({ rows, filtered, selected }: { rows: readonly OrderAnswer[]; filtered: boolean; selected: string | null }) {
  const t = useWords(words);
  const language = useLanguage();
  const navigate = useNavigate();
  const [params] = useSearchParams();
  const columns: readonly Column<OrderAnswer>[] = [
    { id: 'at', header: t.at, unit: 'UTC', card: 'note', cell: (one) => <span className="num" title={full(one.created_at)}>{moment(one.created_at, language)}</span>, sortBy: (one) => one.created_at },
    { id: 'account', header: t.account, cell: (one) => one.account, sortBy: (one) => one.account },
    { id: 'instrument', header: t.instrument, card: 'title', cell: (one) => <span className="medium">{one.instrument}</span>, sortBy: (one) => one.instrument },
    { id: 'side', header: t.side, cell: (one) => `${t.sides[one.side]}${one.reduce_only ? `, ${t.reduceOnly}` : ''}`, sortBy: (one) => one.side },
    { id: 'quantity', header: t.quantity, align: 'right', cell: (one) => <span className="num">{one.quantity}</span>, sortBy: (one) => one.quantity },
    { id: 'filled', header: t.filled, align: 'right', card: 'value', cell: (one) => <span className="num">{one.filled}</span>, sortBy: (one) => one.filled },
    { id: 'average', header: t.average, align: 'right', cell: (one) => <Figure value={one.average_price} places={2} reason={one.fees === null ? t.feeUnknown : t.noFills} />, sortBy: (one) => one.average_price },
    { id: 'fee', header: t.fee, align: 'right', cell: (one) => <Fees of={one} /> },
    { id: 'state', header: t.state, card: 'aside', cell: (one) => <State of={one} />, sortBy: (one) => one.state },
    { id: 'reason', header: t.reason, card: 'none', cell: (one) => <span className="ink2">{one.reason ? t.reasons[one.reason] : ''}</span>, sortBy: (one) => one.reason },
    { id: 'by', header: t.by, card: 'none', cell: (one) => one.by, sortBy: (one) => one.by },
    { id: 'origin', header: t.origin, card: 'none', cell: (one) => <span className="mono">{one.origin}</span>, sortBy: (one) => one.origin },
  ];
  const open = (one: OrderAnswer) => {
    if (one.client_id !== MASK) void navigate({ pathname: `/orders/${encodeURIComponent(one.account)}/${encodeURIComponent(one.client_id)}`, search: params.toString() });
  };
  return (
    <DataTable
      label={t.title}
      columns={columns}
      rows={rows}
      rowKey={(one, index) => (one.client_id === MASK ? String(index) : one.client_id)}
      onOpen={open}
      selected={selected}
      maxHeight={rows.length > 200 ? 640 : undefined}
      empty={
        filtered ? (
          <Empty icon="search" title={t.noneFound} />
        ) : (
          <Empty icon="orders" title={t.none}>
            {t.noneHint}
          </Empty>
        )
      }
    />
  );
}

const TONES: Partial<Record<OrderState, Tone>> = { filled: 'ok', unknown: 'warn', rejected: 'crit', partly_filled: 'warn' };

export function State({ of }: { of: OrderAnswer }) {
  const t = useWords(words);
  return <Badge tone={TONES[of.state]}>{t.states[of.state]}</Badge>;
}

/** What was paid, by asset; a dash while the venue has not told all. */
export function Fees({ of }: { of: OrderAnswer }) {
  const t = useWords(words);
  const symbol = useSymbols();
  if (of.fees === null) return <Figure value={null} reason={t.feeUnknown} />;
  if (of.fees.length === 0) return <span className="dim">{t.noFee}</span>;
  return (
    <>
      {of.fees.map((fee) => (
        <span key={fee.asset} className={css.fee}>
          <span className="num">{fee.number}</span> {symbol(fee.asset)}
        </span>
      ))}
    </>
  );
}
