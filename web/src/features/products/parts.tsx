// What a product's page shows to those who run it and to the public alike.
import type { ReactNode } from 'react';
import type { AdjustmentLine, ChangeLine, ChargeLine, Disclosure, RebalanceLine } from '@/api/schema';
import { sign } from '@/lib/decimal';
import { useLanguage, useWords } from '@/lib/i18n';
import { full, moment } from '@/lib/time';
import { type Column, DataTable } from '@/ui/DataTable';
import { Facts } from '@/ui/Facts';
import { Figure } from '@/ui/Figure';
import { Answers } from '@/ui/Layout';
import { Panel } from '@/ui/Panel';
import { State } from '@/ui/States';
import { Band } from './Band';
import { said } from './rules';
import css from './Products.module.css';
import words from './words';

export function Head({ data }: { data: Disclosure }) {
  const t = useWords(words);
  const language = useLanguage();
  return (
    <Panel padded>
      <Answers>
        <div>
          <h2 className="dim">{`${data.product} · ${t.nav}`}</h2>
          <p className="hero">
            <Figure value={data.nav} places={6} /> <small>{data.quote}</small>
          </p>
          <p className="dim" title={full(data.as_of)}>
            {data.underlying} <Figure value={data.price} places={2} unit={data.quote} /> · {moment(data.as_of, language)} UTC
          </p>
          {data.halts.length > 0 ? <p className="crit">{`${t.halted}: ${data.halts.map((cause) => t.halts[cause]).join(', ')}`}</p> : null}
        </div>
        <Band data={data} />
        <Facts>
          <dt>{t.nextRebalance}</dt>
          <dd>{data.next_scheduled_at ? <span className="num">{full(data.next_scheduled_at)}</span> : t.noSchedule}</dd>
          {data.rebalances_at_or_below ? <Pair name={t.orFalls(data.underlying)} value={data.rebalances_at_or_below} unit={data.quote} /> : null}
          {data.rebalances_at_or_above ? <Pair name={t.orRises(data.underlying)} value={data.rebalances_at_or_above} unit={data.quote} /> : null}
          {data.nothing_left_at ? <Pair name={t.nothingLeft(data.underlying)} value={data.nothing_left_at} unit={data.quote} /> : null}
        </Facts>
        <Facts>
          <Pair name={t.units} value={data.units} places={4} />
          <Pair name={t.netAssets} value={data.net_assets} unit={data.quote} />
          <dt>{t.issuer}</dt>
          <dd>{data.issuer}</dd>
        </Facts>
      </Answers>
    </Panel>
  );
}

function Pair({ name, value, places = 2, unit }: { name: string; value: string | null; places?: number; unit?: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <Figure value={value} places={places} unit={unit} />
      </dd>
    </>
  );
}

interface Held {
  readonly name: string;
  readonly amount: string;
  readonly unit: string;
  readonly places: number;
}

export function Basket({ data }: { data: Disclosure }) {
  const t = useWords(words);
  const rows: readonly Held[] = [
    { name: t.position, amount: data.position, unit: data.underlying, places: 8 },
    sign(data.loan) === 0 ? { name: t.cash, amount: data.cash, unit: data.quote, places: 6 } : { name: t.loan, amount: data.cash, unit: data.quote, places: 6 },
    { name: t.nav1, amount: data.nav, unit: data.quote, places: 6 },
  ];
  const columns: readonly Column<Held>[] = [
    { id: 'name', header: t.holding, card: 'title', cell: (row) => row.name },
    { id: 'amount', header: t.amount, align: 'right', card: 'value', cell: (row) => <Figure value={row.amount} places={row.places} unit={row.unit} /> },
  ];
  return (
    <Panel title={t.basket}>
      <DataTable label={t.basket} columns={columns} rows={rows} rowKey={(row) => row.name} />
    </Panel>
  );
}

export function Rebalances({ lines, data }: { lines: readonly RebalanceLine[]; data: Disclosure }) {
  const t = useWords(words);
  const language = useLanguage();
  const kind = (name: string) => (t.kinds as Readonly<Record<string, string>>)[name] ?? name;
  const columns: readonly Column<RebalanceLine>[] = [
    { id: 'at', header: t.when, unit: 'UTC', card: 'note', cell: (row) => <span className="num nowrap" title={full(row.at)}>{moment(row.at, language)}</span> },
    { id: 'kind', header: t.why, card: 'title', cell: (row) => <span className={row.kind === 'triggered' ? 'warn' : undefined}>{kind(row.kind)}</span> },
    {
      id: 'leverage',
      header: t.leverage,
      align: 'right',
      cell: (row) => (
        <span className="nowrap">
          <Figure value={row.leverage_before} places={2} /> → <Figure value={row.leverage_after} places={2} unit="×" />
        </span>
      ),
    },
    { id: 'quantity', header: t.bought, unit: data.underlying, align: 'right', card: 'value', cell: (row) => <Figure value={row.quantity} places={6} signed /> },
    { id: 'cost', header: t.cost, unit: data.quote, align: 'right', cell: (row) => <Figure value={row.cost} places={6} /> },
  ];
  return (
    <Panel title={t.events} sub={String(lines.length)}>
      <DataTable
        label={t.events}
        columns={columns}
        rows={[...lines].reverse()}
        rowKey={(row, index) => `${row.at} ${index}`}
        maxHeight={480}
        empty={<State icon="clock" title={t.noEvents} />}
      />
    </Panel>
  );
}

export function Charges({ lines, quote }: { lines: readonly ChargeLine[]; quote: string }) {
  const t = useWords(words);
  const language = useLanguage();
  const columns: readonly Column<ChargeLine>[] = [
    { id: 'at', header: t.when, unit: 'UTC', card: 'title', cell: (row) => <span className="num" title={full(row.at)}>{moment(row.at, language)}</span> },
    { id: 'before', header: t.before, unit: quote, align: 'right', cell: (row) => <Figure value={row.nav_before} places={6} /> },
    { id: 'fees', header: t.fees, unit: quote, align: 'right', card: 'value', cell: (row) => <Figure value={row.fees} places={8} /> },
    { id: 'financing', header: t.financing, unit: quote, align: 'right', cell: (row) => <Figure value={row.financing} places={8} /> },
  ];
  return (
    <Panel title={t.charges} sub={String(lines.length)}>
      <DataTable
        label={t.charges}
        columns={columns}
        rows={[...lines].reverse()}
        rowKey={(row, index) => `${row.at} ${index}`}
        maxHeight={320}
        empty={<State icon="clock" title={t.noCharges} />}
      />
    </Panel>
  );
}

export function Rules({ data }: { data: Disclosure }) {
  const t = useWords(words);
  return (
    <Panel title={t.rules} sub={`${t.method} ${data.method}`} padded>
      <pre className={`mono ${css.rules}`} tabIndex={0} aria-label={t.rules}>{JSON.stringify(said(data.rules), null, 2)}</pre>
      <Points title={t.sources}>
        {data.sources.map((one, place) => (
          <li key={place}>
            {one.address}
            {one.note ? <span className="dim"> {one.note}</span> : null}
          </li>
        ))}
      </Points>
      <Points title={t.conflicts}>{data.conflicts.map(point)}</Points>
      <Points title={t.assumptions}>{data.assumptions.map(point)}</Points>
    </Panel>
  );
}

const point = (text: string) => <li key={text}>{text}</li>;

function Points({ title, children }: { title: string; children: readonly ReactNode[] }) {
  if (children.length === 0) return null;
  return (
    <>
      <h3 className={`dim ${css.points}`}>{title}</h3>
      <ul className={css.sources}>{children}</ul>
    </>
  );
}

/** Share merges and splits, and by what earlier figures are multiplied to compare with present ones. */
export function Changes({ data }: { data: Disclosure }) {
  const t = useWords(words);
  const language = useLanguage();
  const columns: readonly Column<ChangeLine>[] = [
    { id: 'at', header: t.when, unit: 'UTC', card: 'title', cell: (row) => <span className="num" title={full(row.at)}>{moment(row.at, language)}</span> },
    { id: 'change', header: t.unitChange, card: 'value', cell: (row) => t.became(row.old, row.new) },
    { id: 'factor', header: t.factor, align: 'right', cell: (row) => <Figure value={factorOf(data.adjustments, row.at)} places={4} unit="×" /> },
  ];
  if (data.changes.length === 0) return null;
  return (
    <Panel title={t.changes} sub={t.factorHint}>
      <DataTable label={t.changes} columns={columns} rows={[...data.changes].reverse()} rowKey={(row, index) => `${row.at} ${index}`} />
    </Panel>
  );
}

const factorOf = (lines: readonly AdjustmentLine[], at: string): string | null => lines.find((one) => one.until === at)?.factor ?? null;
