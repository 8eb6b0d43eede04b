// What people state because no source reports it: entered, corrected and voided with reasons, never overwritten.
import { Button } from '@mantine/core';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import type { ManualItem, Quote } from '@/api/schema';
import { useSymbols } from '@/lib/assets';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { full, moment } from '@/lib/time';
import { useNodes } from '@/lib/view';
import { ConfirmWithReason } from '@/ui/ConfirmWithReason';
import { DataTable, type Column } from '@/ui/DataTable';
import { Drawer } from '@/ui/Drawer';
import { ExportMenu } from '@/ui/ExportMenu';
import { Figure } from '@/ui/Figure';
import { Fingerprint } from '@/ui/Fingerprint';
import { Verbs } from '@/ui/Form';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import { tellDone, tellProblem } from '@/ui/tell';
import { ItemForm } from './ItemForm';
import css from './Manual.module.css';
import { useEnter, useItems, useManualMarks, type FactOf } from './data';
import words from './words';

type Item = FactOf<ManualItem>;

export default function Manual() {
  const t = useWords(words);
  const can = useCan();
  const items = useItems();
  const [params, setParams] = useSearchParams();
  const adding = params.has('new');
  const opened = params.get('item');
  const [correcting, setCorrecting] = useState(false);
  const show = (next: Record<string, string>) => {
    setCorrecting(false);
    setParams(next);
  };
  const chosen = items.data?.find((one) => one.content_hash === opened) ?? null;
  const add = can('manual:write') ? (
    <Button variant="filled" size="xs" leftSection={<Icon name="plus" size={12} />} onClick={() => show({ new: '' })}>
      {t.add}
    </Button>
  ) : null;
  return (
    <div className={css.page}>
      <Panel
        title={t.title}
        sub={t.sub}
        tools={
          <>
            <ExportMenu href={(format) => `/api/v1/facts?kind=manual_item&format=${format}`} />
            {add}
          </>
        }
      >
        <Shown of={items}>
          {(every) =>
            every.length === 0 ? (
              <Empty icon="manual" title={t.none} action={add}>
                {t.noneHint}
              </Empty>
            ) : (
              <ItemTable items={every} selected={opened} onOpen={(hash) => show({ item: hash })} />
            )
          }
        </Shown>
      </Panel>
      <Marks />
      <Drawer opened={adding || chosen !== null} title={adding ? t.newTitle : correcting ? t.correctTitle : chosen ? t.kinds[chosen.body.kind] : ''} onClose={() => show({})}>
        {adding || correcting ? (
          <ItemForm key={correcting ? chosen?.content_hash : 'new'} corrects={correcting ? chosen : null} onClose={() => show({})} />
        ) : chosen ? (
          <Details item={chosen} onCorrect={() => setCorrecting(true)} onDone={() => show({})} />
        ) : null}
      </Drawer>
    </div>
  );
}

function useNames() {
  const nodes = useNodes().data ?? [];
  const symbol = useSymbols();
  return {
    node: (id: string) => nodes.find((one) => one.id === id)?.body.name ?? id,
    symbol,
  };
}

/** Decimals as stated, two at the least. */
const placesOf = (number: string): number => Math.max(2, number.split('.')[1]?.length ?? 0);

function ItemTable({ items, selected, onOpen }: { items: readonly Item[]; selected: string | null; onOpen: (hash: string) => void }) {
  const t = useWords(words);
  const language = useLanguage();
  const { node, symbol } = useNames();
  const columns: Column<Item>[] = [
    { id: 'node', header: t.node, cell: (one) => <span className="medium">{node(one.body.node)}</span>, sortBy: (one) => node(one.body.node), card: 'title' },
    { id: 'kind', header: t.kind, cell: (one) => t.kinds[one.body.kind], sortBy: (one) => one.body.kind, card: 'note' },
    { id: 'amount', header: t.amount, align: 'right', cell: (one) => <Figure value={one.body.amount.number} places={placesOf(one.body.amount.number)} />, sortBy: (one) => one.body.amount.number, card: 'value' },
    { id: 'asset', header: t.asset, cell: (one) => symbol(one.body.amount.asset), sortBy: (one) => symbol(one.body.amount.asset), card: 'aside' },
    { id: 'from', header: t.from, align: 'right', cell: (one) => <span title={full(one.occurred_at)}>{moment(one.occurred_at, language)}</span>, sortBy: (one) => one.occurred_at },
    { id: 'until', header: t.until, align: 'right', cell: (one) => (one.body.until ? moment(one.body.until, language) : <span className="dim">{t.open}</span>), card: 'none' },
    { id: 'state', header: t.state, cell: (one) => <State item={one} />, card: 'none' },
    { id: 'reason', header: t.reason, cell: (one) => <span className={`ink2 ${css.reason}`} title={one.body.reason}>{one.body.reason}</span>, card: 'line' },
  ];
  return <DataTable label={t.title} columns={columns} rows={items} rowKey={(one) => one.content_hash} selected={selected} onOpen={(one) => onOpen(one.content_hash)} />;
}

function State({ item }: { item: Item }) {
  const t = useWords(words);
  const now = new Date().toISOString();
  const ended = item.body.until !== null && item.body.until !== undefined && item.body.until <= now;
  const later = item.occurred_at > now;
  return <span className={ended || later ? 'dim' : undefined}>{ended ? t.ended : later ? t.later : t.inForce}</span>;
}

function Details({ item, onCorrect, onDone }: { item: Item; onCorrect: () => void; onDone: () => void }) {
  const t = useWords(words);
  const language = useLanguage();
  const can = useCan();
  const { node, symbol } = useNames();
  const enter = useEnter();
  const [asked, setAsked] = useState(false);
  const takeBack = (reason: string) =>
    enter.mutate(
      { body: { is: 'void', reason }, occurred_at: item.occurred_at, reason, supersedes: item.content_hash, account: item.account },
      {
        onSuccess: () => {
          tellDone(t.voided);
          onDone();
        },
        onError: tellProblem,
      },
    );
  return (
    <>
      <p className={css.big}>
        <Figure value={item.body.amount.number} places={placesOf(item.body.amount.number)} unit={symbol(item.body.amount.asset)} />
      </p>
      <p className="ink2">{item.body.reason}</p>
      <dl className={css.facts}>
        <dt>{t.node}</dt>
        <dd>{node(item.body.node)}</dd>
        <dt>{t.from}</dt>
        <dd className="num">{full(item.occurred_at)}</dd>
        <dt>{t.until}</dt>
        <dd className="num">{item.body.until ? full(item.body.until) : t.open}</dd>
        <dt>{t.recorded}</dt>
        <dd className="num">{moment(item.recorded_at, language)}</dd>
        <dt>{t.fingerprint}</dt>
        <dd>
          <Fingerprint hash={item.content_hash} />
        </dd>
      </dl>
      <p className="dim">{t.second}</p>
      {can('fact:write') ? (
        <Verbs>
          <Button variant="filled" onClick={onCorrect}>
            {t.correct}
          </Button>
          <Button color="crit" variant="subtle" onClick={() => setAsked(true)}>
            {t.void}
          </Button>
        </Verbs>
      ) : null}
      <ConfirmWithReason opened={asked} title={t.voidTitle} verb={t.void} danger busy={enter.isPending} onConfirm={takeBack} onClose={() => setAsked(false)}>
        {t.voidText}
      </ConfirmWithReason>
    </>
  );
}

function Marks() {
  const t = useWords(words);
  const language = useLanguage();
  const marks = useManualMarks();
  const { symbol } = useNames();
  const columns: Column<FactOf<Quote>>[] = [
    { id: 'asset', header: t.asset, cell: (one) => <span className="medium">{symbol(one.body.base)}</span>, sortBy: (one) => symbol(one.body.base), card: 'title' },
    { id: 'price', header: t.price, align: 'right', cell: (one) => <Figure value={one.body.price} places={placesOf(one.body.price)} unit={symbol(one.body.quote)} />, sortBy: (one) => one.body.price, card: 'value' },
    { id: 'at', header: t.at, align: 'right', cell: (one) => <span title={full(one.occurred_at)}>{moment(one.occurred_at, language)}</span>, sortBy: (one) => one.occurred_at, card: 'aside' },
    { id: 'reason', header: t.reason, cell: (one) => <span className={`ink2 ${css.reason}`}>{one.body.reason}</span>, card: 'note' },
  ];
  return (
    <Panel title={t.marks} sub={t.marksSub} tools={<ExportMenu href={(format) => `/api/v1/facts?kind=quote&source=manual&format=${format}`} />}>
      <Shown of={marks} rows={3}>
        {(every) => (
          <DataTable
            label={t.marks}
            columns={columns}
            rows={every}
            rowKey={(one) => one.content_hash}
            empty={
              <Empty icon="price" title={t.noMarks}>
                <Link className="link" to="/pricing">
                  {t.noMarksHint}
                </Link>
              </Empty>
            }
          />
        )}
      </Shown>
    </Panel>
  );
}
