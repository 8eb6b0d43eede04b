// Creation lists: the newest in full with its files, the others in a table; made, checked and published here.
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { BasketListing, ListAnswer, ListDetail } from '@/api/schema';
import { useSymbols } from '@/lib/assets';
import { useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { Badge, type Tone } from '@/ui/Badge';
import { ConfirmWithReason } from '@/ui/ConfirmWithReason';
import { type Column, DataTable } from '@/ui/DataTable';
import { Facts } from '@/ui/Facts';
import { Figure } from '@/ui/Figure';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import css from './Baskets.module.css';
import { type Decision, useDecide, useList, useLists, useMakeList } from './data';
import words from './words';

const TONES: Partial<Record<ListAnswer['state'], Tone>> = { draft: 'warn', published: 'ok', rejected: 'crit' };
const FORMS = ['json', 'csv', 'xml'] as const;

export function Lists({ listing }: { listing: BasketListing }) {
  const t = useWords(words);
  const lists = useLists(listing.id);
  const [chosen, choose] = useState<string | null>(null);
  return (
    <Panel title={t.list} tools={<Make product={listing.id} />}>
      <Shown of={lists} rows={4}>
        {(rows) => (
          <>
            <Days rows={rows} selected={chosen ?? rows[0]?.trade_day ?? null} onChoose={choose} />
            <Day product={listing.id} day={chosen ?? rows[0]?.trade_day ?? null} />
          </>
        )}
      </Shown>
    </Panel>
  );
}

function Make({ product }: { product: string }) {
  const t = useWords(words);
  const can = useCan();
  const make = useMakeList(product);
  const [asked, ask] = useState(false);
  if (!can('basket:deal')) return null;
  return (
    <>
      <Button size="xs" onClick={() => ask(true)}>
        {t.makeList}
      </Button>
      <ConfirmWithReason
        opened={asked}
        title={t.makeList}
        verb={t.makeList}
        reason="optional"
        busy={make.isPending}
        onConfirm={(reason) => make.mutate(reason, { onSettled: () => ask(false) })}
        onClose={() => ask(false)}
      >
        {t.making}
      </ConfirmWithReason>
    </>
  );
}

function Days({ rows, selected, onChoose }: { rows: readonly ListAnswer[]; selected: string | null; onChoose: (day: string) => void }) {
  const t = useWords(words);
  const columns: readonly Column<ListAnswer>[] = [
    { id: 'day', header: t.dealingDay, card: 'title', cell: (one) => <span className="num medium">{one.trade_day}</span>, sortBy: (one) => one.trade_day },
    { id: 'value', header: t.unitValue, align: 'right', card: 'value', cell: (one) => <Figure value={one.unit_value} places={2} />, sortBy: (one) => one.unit_value },
    { id: 'nav', header: t.navPerShare, align: 'right', cell: (one) => <Figure value={one.nav_per_share} places={4} />, sortBy: (one) => one.nav_per_share },
    { id: 'state', header: t.state, card: 'aside', cell: (one) => <Badge tone={TONES[one.state]}>{t.listStates[one.state]}</Badge> },
    { id: 'made', header: t.madeBy, cell: (one) => one.made_by },
    { id: 'approved', header: t.approvedBy, cell: (one) => one.approved_by ?? '' },
  ];
  return (
    <DataTable
      label={t.list}
      columns={columns}
      rows={rows}
      rowKey={(one) => one.trade_day}
      selected={selected}
      onOpen={(one) => onChoose(one.trade_day)}
      maxHeight={200}
      empty={
        <Empty icon="todo" title={t.noLists}>
          {t.noListsHint}
        </Empty>
      }
    />
  );
}

function Day({ product, day }: { product: string; day: string | null }) {
  const detail = useList(product, day);
  if (day === null) return null;
  return (
    <Shown of={detail} rows={4}>
      {(found) => <Detail product={product} detail={found} />}
    </Shown>
  );
}

function Detail({ product, detail: { summary, document } }: { product: string; detail: ListDetail }) {
  const t = useWords(words);
  const symbol = useSymbols();
  const { listed, disclosure } = document;
  const quote = symbol(listed.quote);
  const href = (what: 'list' | 'disclosure', form: string) => `/api/v1/basket-lists/${product}/${summary.trade_day}/${what}.${form}?version=${summary.version}`;
  const columns: readonly Column<(typeof listed.lines)[number]>[] = [
    { id: 'asset', header: t.asset, card: 'title', cell: (line) => <span className="medium">{symbol(line.asset)}</span> },
    { id: 'quantity', header: t.quantity, align: 'right', card: 'value', cell: (line) => <span className="num">{line.quantity}</span> },
    { id: 'price', header: t.price, unit: quote, align: 'right', cell: (line) => <Figure value={line.price} places={2} /> },
    { id: 'cash', header: t.substitution, card: 'aside', cell: (line) => t.substitutions[line.substitution] },
  ];
  return (
    <section>
      <h3 className={css.foot}>{t.listOf(summary.trade_day)}</h3>
      <DataTable label={t.listOf(summary.trade_day)} columns={columns} rows={listed.lines} rowKey={(line) => line.asset} />
      <Facts className={css.foot}>
        {summary.version > 1 ? (
          <>
            <dt>{t.version}</dt>
            <dd className="num">{summary.version}</dd>
          </>
        ) : null}
        {summary.reason ? (
          <>
            <dt>{t.reason}</dt>
            <dd>{summary.reason}</dd>
          </>
        ) : null}
        <dt>{`${t.estimatedCash}, ${quote}`}</dt>
        <dd>
          <Figure value={listed.estimated_cash} places={4} />
        </dd>
        <dt>{`${t.previousCash}, ${quote}`}</dt>
        <dd>
          <Figure value={listed.previous_cash} places={4} reason={t.noPrevious} />
        </dd>
        <dt>{t.listOf(summary.trade_day)}</dt>
        <dd>
          <Files forms={FORMS} href={(form) => href('list', form)} />
        </dd>
        {disclosure ? (
          <>
            <dt>{`${t.disclosure} ${disclosure.day}`}</dt>
            <dd>
              <Files forms={['json', 'csv']} href={(form) => href('disclosure', form)} />
            </dd>
          </>
        ) : null}
      </Facts>
      <Decide product={product} list={summary} />
    </section>
  );
}

export function Files({ forms, href }: { forms: readonly string[]; href: (form: string) => string }) {
  return (
    <>
      {forms.map((form, index) => (
        <span key={form}>
          {index > 0 ? ' · ' : ''}
          <a className="link" href={href(form)} download>
            {form.toUpperCase()}
          </a>
        </span>
      ))}
    </>
  );
}

const OFFERED: Readonly<Record<ListAnswer['state'], readonly Decision['step'][]>> = {
  draft: ['approve', 'reject'],
  approved: ['publish', 'reject'],
  published: [],
  rejected: [],
  superseded: [],
};

function Decide({ product, list }: { product: string; list: ListAnswer }) {
  const t = useWords(words);
  const can = useCan();
  const decide = useDecide(product, list);
  const [asked, ask] = useState<Decision['step'] | null>(null);
  const offered = OFFERED[list.state].filter((step) => can(step === 'publish' ? 'basket:deal' : 'basket:approve'));
  if (offered.length === 0) return null;
  const told = { approve: `${t.approving} ${list.document_sha.slice(0, 16)}`, publish: t.publishing, reject: t.rejecting };
  return (
    <div className={`${css.actions} ${css.foot}`}>
      {offered.map((step) => (
        <Button key={step} size="xs" variant={step === 'reject' ? 'subtle' : 'filled'} color={step === 'reject' ? 'crit' : 'accent'} onClick={() => ask(step)}>
          {t[step]}
        </Button>
      ))}
      <ConfirmWithReason
        opened={asked !== null}
        title={t.listOf(list.trade_day)}
        verb={t[asked ?? 'approve']}
        danger={asked === 'reject'}
        reason={asked === 'reject' ? 'required' : 'none'}
        busy={decide.isPending}
        onConfirm={(reason) => asked && decide.mutate({ step: asked, reason }, { onSettled: () => ask(null) })}
        onClose={() => ask(null)}
      >
        {told[asked ?? 'approve']}
      </ConfirmWithReason>
    </div>
  );
}
