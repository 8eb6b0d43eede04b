// Orders of authorised participants: each with where it stands; a new one is entered here.
import { Button, MultiSelect, NumberInput, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { BasketListing, OrderView } from '@/api/schema';
import { useSymbols } from '@/lib/assets';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { full, moment } from '@/lib/time';
import { Badge, type Tone } from '@/ui/Badge';
import { type Column, DataTable } from '@/ui/DataTable';
import { Dialog } from '@/ui/Dialog';
import { ExportMenu } from '@/ui/ExportMenu';
import { Form } from '@/ui/Form';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import { useEnter, useOrders, useParticipants } from './data';
import { termsOf } from './now';
import words from './words';

const TONES: Partial<Record<OrderView['state'], Tone>> = { settled: 'ok', delivery_pending: 'warn', failed: 'crit', rejected: 'crit' };

export function Orders({ listing, selected }: { listing: BasketListing; selected: string | null }) {
  const t = useWords(words);
  const orders = useOrders(listing.id);
  return (
    <Panel
      title={t.orders}
      sub={orders.data ? String(orders.data.length) : undefined}
      tools={
        <>
          <Enter listing={listing} />
          <ExportMenu href={(format) => `/api/v1/basket-orders/${listing.id}?format=${format}`} />
        </>
      }
    >
      <Shown of={orders} rows={4}>
        {(rows) => <Table product={listing.id} rows={rows} selected={selected} />}
      </Shown>
    </Panel>
  );
}

function Table({ product, rows, selected }: { product: string; rows: readonly OrderView[]; selected: string | null }) {
  const t = useWords(words);
  const language = useLanguage();
  const navigate = useNavigate();
  const columns: readonly Column<OrderView>[] = [
    { id: 'received', header: t.received, unit: 'UTC', card: 'note', cell: (one) => <span className="num nowrap" title={full(one.received_at)}>{moment(one.received_at, language)}</span>, sortBy: (one) => one.received_at },
    { id: 'participant', header: t.participant, card: 'title', cell: (one) => <span className="medium">{one.order.participant}</span>, sortBy: (one) => one.order.participant },
    { id: 'client', header: t.clientId, cell: (one) => <span className="mono">{one.order.client_id}</span>, sortBy: (one) => one.order.client_id },
    { id: 'side', header: t.side, cell: (one) => t.sides[one.order.side], sortBy: (one) => one.order.side },
    { id: 'units', header: t.units, align: 'right', card: 'value', cell: (one) => <span className="num">{one.order.units}</span>, sortBy: (one) => String(one.order.units) },
    { id: 'day', header: t.dealingDay, cell: (one) => <span className="num">{one.dealing_day ?? ''}</span>, sortBy: (one) => one.dealing_day },
    { id: 'state', header: t.state, card: 'aside', cell: (one) => <StateOf order={one} />, sortBy: (one) => one.state },
  ];
  return (
    <DataTable
      label={t.orders}
      columns={columns}
      rows={rows}
      rowKey={(one) => String(one.number)}
      selected={selected}
      onOpen={(one) => void navigate(`/baskets/${product}/orders/${one.number}`)}
      empty={
        <Empty icon="orders" title={t.noOrders}>
          {t.noOrdersHint}
        </Empty>
      }
    />
  );
}

export function StateOf({ order }: { order: OrderView }) {
  const t = useWords(words);
  return <Badge tone={TONES[order.state]}>{t.states[order.state]}</Badge>;
}

function Enter({ listing }: { listing: BasketListing }) {
  const t = useWords(words);
  const can = useCan();
  const [opened, open] = useState(false);
  if (!can('basket:deal')) return null;
  return (
    <>
      <Button size="xs" onClick={() => open(true)}>
        {t.enter}
      </Button>
      {opened ? (
        <Dialog opened title={t.enter} onClose={() => open(false)}>
          <EnterForm listing={listing} onDone={() => open(false)} />
        </Dialog>
      ) : null}
    </>
  );
}

function EnterForm({ listing, onDone }: { listing: BasketListing; onDone: () => void }) {
  const t = useWords(words);
  const symbol = useSymbols();
  const { data: participants = [] } = useParticipants();
  const enter = useEnter(listing.id);
  const [participant, setParticipant] = useState<string | null>(null);
  const [clientId, setClientId] = useState('');
  const [side, setSide] = useState<OrderView['order']['side']>('create');
  const [units, setUnits] = useState<number | string>(1);
  const [cashFor, setCashFor] = useState<string[]>([]);
  const terms = termsOf(listing, new Date());
  const substitutable = (terms?.constituents ?? []).filter((one) => one.substitution === 'allowed');
  const ready = participant !== null && clientId.trim() !== '' && Number.isInteger(Number(units)) && Number(units) > 0;
  return (
    <Form
      verb={t.enter}
      ready={ready}
      busy={enter.isPending}
      error={enter.error}
      onCancel={onDone}
      onSubmit={() => enter.mutate({ participant: participant ?? '', client_id: clientId.trim(), side, units: Number(units), cash_for: cashFor }, { onSuccess: onDone })}
    >
      <Select label={t.participant} value={participant} onChange={setParticipant} data={participants.map(({ id, body }) => ({ value: id, label: body.name }))} data-autofocus />
      <TextInput label={t.clientId} value={clientId} maxLength={64} onChange={(event) => setClientId(event.currentTarget.value)} />
      <Select label={t.side} value={side} allowDeselect={false} onChange={(value) => setSide(value === 'redeem' ? 'redeem' : 'create')} data={(['create', 'redeem'] as const).map((value) => ({ value, label: t.sides[value] }))} />
      <NumberInput label={`${t.units} (${t.unit}: ${terms?.unit_size ?? ''})`} value={units} min={1} allowDecimal={false} onChange={setUnits} />
      {substitutable.length > 0 ? <MultiSelect label={t.cashFor} value={cashFor} onChange={setCashFor} data={substitutable.map((one) => ({ value: one.asset, label: symbol(one.asset) }))} /> : null}
    </Form>
  );
}
