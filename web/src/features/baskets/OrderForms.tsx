// What a step of an order needs beside a press: what arrived, what was bought in its place, what a trade came to.
import { Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { OrderView } from '@/api/schema';
import { useSymbols } from '@/lib/assets';
import { useWords } from '@/lib/i18n';
import { full } from '@/lib/time';
import { Form } from '@/ui/Form';
import { useBuyIn, useDeliver, useTransfers, useTrueUp } from './data';
import { openSubstitutes, tokensMissing, type Asked } from './steps';
import words from './words';

interface Props {
  product: string;
  order: OrderView;
  onDone: () => void;
}

export function AskedForm({ step, ...props }: Props & { step: Asked }) {
  if (step === 'deliver') return <Deliver {...props} />;
  return step === 'buy-in' ? <BuyIn {...props} /> : <TrueUp {...props} />;
}

function Deliver({ product, order, onDone }: Props) {
  const t = useWords(words);
  const symbol = useSymbols();
  const { data: seen = [] } = useTransfers(product, order.number);
  const deliver = useDeliver(product, order.number);
  const [reference, setReference] = useState('');
  const [asset, setAsset] = useState<string | null>(order.missing[0]?.asset ?? null);
  const [number, setNumber] = useState(order.missing[0]?.number ?? '');
  const recorded = seen.some((one) => one.reference === reference);
  const choose = (chosen: string | null) => {
    setAsset(chosen);
    setNumber(order.missing.find((one) => one.asset === chosen)?.number ?? '');
  };
  const amount = recorded || asset === null ? null : { number: number.trim(), asset };
  return (
    <Form
      verb={t.deliver}
      ready={reference.trim() !== '' && (recorded || (asset !== null && number.trim() !== ''))}
      busy={deliver.isPending}
      error={deliver.error}
      onCancel={onDone}
      onSubmit={() => deliver.mutate({ reference: reference.trim(), amount }, { onSuccess: onDone })}
    >
      <p className="ink2">{t.delivering}</p>
      {seen.length > 0 ? (
        <Select
          label={t.recorded}
          clearable
          value={recorded ? reference : null}
          onChange={(value) => setReference(value ?? '')}
          data={seen.map((one) => ({ value: one.reference, label: `${one.amount.number} ${symbol(one.amount.asset)}, ${full(one.at)}, ${one.account}` }))}
        />
      ) : null}
      <TextInput label={t.reference} value={reference} maxLength={200} onChange={(event) => setReference(event.currentTarget.value)} data-autofocus />
      {recorded ? null : (
        <>
          <Select label={t.asset} value={asset} onChange={choose} data={order.missing.map((one) => ({ value: one.asset, label: symbol(one.asset) }))} />
          <TextInput label={t.amount} value={number} inputMode="decimal" onChange={(event) => setNumber(event.currentTarget.value)} />
        </>
      )}
    </Form>
  );
}

function BuyIn({ product, order, onDone }: Props) {
  const t = useWords(words);
  const symbol = useSymbols();
  const buy = useBuyIn(product, order.number);
  const missing = tokensMissing(order);
  const [asset, setAsset] = useState<string | null>(missing[0]?.asset ?? null);
  const [number, setNumber] = useState(missing[0]?.number ?? '');
  const [cost, setCost] = useState('');
  const [reference, setReference] = useState('');
  const choose = (chosen: string | null) => {
    setAsset(chosen);
    setNumber(missing.find((one) => one.asset === chosen)?.number ?? '');
  };
  const ready = asset !== null && [number, cost, reference].every((one) => one.trim() !== '');
  return (
    <Form
      verb={t.buyIn}
      ready={ready}
      busy={buy.isPending}
      error={buy.error}
      onCancel={onDone}
      onSubmit={() => asset !== null && buy.mutate({ missing: { number: number.trim(), asset }, cost: cost.trim(), reference: reference.trim() }, { onSuccess: onDone })}
    >
      <p className="ink2">{t.buyingIn}</p>
      <Select label={t.asset} value={asset} allowDeselect={false} onChange={choose} data={missing.map((one) => ({ value: one.asset, label: symbol(one.asset) }))} />
      <TextInput label={t.bought} value={number} inputMode="decimal" onChange={(event) => setNumber(event.currentTarget.value)} />
      <TextInput label={`${t.cost}, ${symbol(order.fee?.asset ?? '')}`} value={cost} inputMode="decimal" onChange={(event) => setCost(event.currentTarget.value)} data-autofocus />
      <TextInput label={t.trade} value={reference} maxLength={200} onChange={(event) => setReference(event.currentTarget.value)} />
    </Form>
  );
}

function TrueUp({ product, order, onDone }: Props) {
  const t = useWords(words);
  const symbol = useSymbols();
  const trueUp = useTrueUp(product, order.number);
  const open = openSubstitutes(order);
  const [asset, setAsset] = useState<string | null>(open[0]?.asset ?? null);
  const [realised, setRealised] = useState('');
  const cash = open.find((one) => one.asset === asset)?.cash ?? '';
  const money = symbol(order.fee?.asset ?? '');
  return (
    <Form
      verb={t.trueUp}
      ready={asset !== null && realised.trim() !== ''}
      busy={trueUp.isPending}
      error={trueUp.error}
      onCancel={onDone}
      onSubmit={() => asset !== null && trueUp.mutate({ asset, realised: realised.trim() }, { onSuccess: onDone })}
    >
      <p className="ink2">{t.truingUp}</p>
      <Select
        label={t.asset}
        description={`${t.cashFor} ${symbol(asset ?? '')}: ${cash} ${money}`}
        value={asset}
        allowDeselect={false}
        onChange={setAsset}
        data={open.map((one) => ({ value: one.asset, label: symbol(one.asset) }))}
      />
      <TextInput label={`${t.realised}, ${money}`} value={realised} inputMode="decimal" onChange={(event) => setRealised(event.currentTarget.value)} data-autofocus />
    </Form>
  );
}
