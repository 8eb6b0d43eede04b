// Every line of the run: found, filtered, summed to the NAV, and opened to its evidence.
import { Button, Select, TextInput } from '@mantine/core';
import { useMemo } from 'react';
import { useSearchParams } from 'react-router';
import type { RunAnswer, RunFigures } from '@/api/schema';
import { isDecimal, negate, show } from '@/lib/decimal';
import { useWords } from '@/lib/i18n';
import { useNodes } from '@/lib/view';
import { CoverageKey } from '@/ui/Coverage';
import { DataTable, type Column } from '@/ui/DataTable';
import { ExportMenu } from '@/ui/ExportMenu';
import { Figure, MASK, Percent } from '@/ui/Figure';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import { MOST_LINES, useLines } from './data';
import { EvidenceDrawer } from './EvidenceDrawer';
import { describe, is, ONLY, select, shareOf, total, type Filter, type Line, type Only } from './selection';
import css from './nav.module.css';
import words from './words';

const NO_FILTER: Filter = { fund: null, node: null, venue: null, only: null, text: '' };

type Row = Line | { readonly key: 'gav' | 'fees' | 'nav' | 'sum'; readonly label: string; readonly value: string; readonly note?: string };

export function Lines({ run, figures }: { run: RunAnswer; figures: RunFigures }) {
  const { data: nodes = [] } = useNodes();
  return (
    <Shown of={useLines(run)} rows={10}>
      {(rows) => <Found run={run} figures={figures} lines={describe(rows, figures, (id) => nodes.find((one) => one.id === id)?.body.name ?? id)} />}
    </Shown>
  );
}

function Found({ run, figures, lines }: { run: RunAnswer; figures: RunFigures; lines: readonly Line[] }) {
  const t = useWords(words);
  const [filter, put, clear] = useFilter();
  const [params, setParams] = useSearchParams();
  const { data: nodes = [] } = useNodes();
  const nodeName = (id: string) => nodes.find((one) => one.id === id)?.body.name ?? id;
  const shown = useMemo(() => select(lines, filter), [lines, JSON.stringify(filter)]);
  const open = (key: string | null) =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        if (key === null) next.delete('line');
        else next.set('line', key);
        return next;
      },
      { replace: true, preventScrollReset: true },
    );
  const opened = shown.find((one) => one.key === params.get('line')) ?? lines.find((one) => one.key === params.get('line')) ?? null;
  const whole = figures.funds.find((one) => one.fund === filter.fund) ?? null;
  const base = useMemo(() => whole?.nav_usd ?? total(select(lines, NO_FILTER)).value, [lines, whole]);
  const rows: Row[] = [...shown, ...totals(t, shown, filter, whole)];
  const query = new URLSearchParams({ ...(filter.fund ? { fund: filter.fund } : {}), ...(filter.node ? { node: filter.node } : {}) });
  const count = show(String(shown.length), 0);
  return (
    <Panel
      title={t.tabs.lines}
      sub={filter.fund ? t.linesOf(count, nodeName(filter.fund)) : t.lookedThrough(count, String(figures.funds.length))}
      tools={<ExportMenu href={(format) => `/api/v1/nav/runs/${encodeURIComponent(run.id)}/lines?${query.toString()}${query.size > 0 ? '&' : ''}format=${format}`} />}
    >
      <Filters lines={lines} figures={figures} filter={filter} put={put} nodeName={nodeName} />
      {lines.length >= MOST_LINES ? <p className={`warn ${css.padded}`}>{t.firstLines(show(String(MOST_LINES), 0))}</p> : null}
      <DataTable
        label={t.tabs.lines}
        columns={columnsOf(t, base, nodeName)}
        rows={shown.length === 0 ? [] : rows}
        rowKey={(row) => row.key}
        rowTone={(row) => ('value' in row ? 'total' : 'plain')}
        selected={opened?.key ?? null}
        onOpen={(row) => ('value' in row ? undefined : open(row.key))}
        maxHeight={rows.length > 200 ? '70vh' : undefined}
        empty={
          <Empty icon="search" title={t.noLines} action={<Button onClick={clear}>{t.clear}</Button>} />
        }
      />
      <EvidenceDrawer line={opened} knownAt={run.known_at} among={shown} onOpen={open} nodeName={nodeName} />
    </Panel>
  );
}

type Words = ReturnType<typeof useWords<(typeof words)['en']>>;
type FundFigures = RunFigures['funds'][number];

/** Of one fund unfiltered: gross value, fees, NAV, which add up; else the sum of what is listed. */
function totals(t: Words, shown: readonly Line[], filter: Filter, whole: FundFigures | null): Row[] {
  const sum = total(shown);
  const note = sum.unknown > 0 ? t.without(String(sum.unknown)) : undefined;
  const filtered = filter.node !== null || filter.venue !== null || filter.only !== null || filter.text.trim() !== '';
  if (filtered || whole === null) return [{ key: 'sum', label: t.sumShown, value: sum.value, note }];
  return [
    { key: 'gav', label: t.gav, value: whole.gross_asset_value_usd, note },
    { key: 'fees', label: t.fees, value: negate(whole.accrued_fees_usd) },
    { key: 'nav', label: t.nav, value: whole.nav_usd },
  ];
}

function columnsOf(t: Words, whole: string, nodeName: (id: string) => string): Column<Row>[] {
  const of = <T,>(row: Row, line: (line: Line) => T, total: T): T => ('value' in row ? total : line(row));
  const value = (row: Row) => ('value' in row ? row.value : row.line.value_usd);
  return [
    { id: 'asset', header: t.asset, cell: (row) => <span className="medium">{row.label}</span>, sortBy: (row) => of(row, () => row.label, null), card: 'title' },
    { id: 'where', header: t.where, cell: (row) => <span className="ink2">{'value' in row ? row.note : row.where}</span>, sortBy: (row) => of(row, (one) => one.where, null), card: 'note' },
    { id: 'node', header: t.node, cell: (row) => of(row, (one) => <span className="ink2">{nodeName(one.line.node)}</span>, null), sortBy: (row) => of(row, (one) => nodeName(one.line.node), null), card: 'none' },
    { id: 'quantity', header: t.quantity, align: 'right', cell: (row) => of(row, (one) => <Figure value={one.line.quantity} places={placesOf(one.line.quantity, 6)} />, null), sortBy: (row) => of(row, (one) => one.line.quantity, null), card: 'none' },
    { id: 'mark', header: t.mark, unit: 'USD', align: 'right', cell: (row) => of(row, (one) => <Figure value={one.line.price_usd} places={markPlaces(one.line.price_usd)} reason={t.priceUnknown} />, null), sortBy: (row) => of(row, (one) => one.line.price_usd, null), card: 'none' },
    { id: 'value', header: t.value, unit: 'USD', align: 'right', cell: (row) => <span className="medium"><Figure value={value(row)} places={0} reason={t.priceUnknown} provisional={of(row, (one) => one.line.coverage === 'stale', false)} /></span>, sortBy: (row) => of(row, (one) => one.line.value_usd, null), card: 'value' },
    { id: 'share', header: t.share, unit: '%', align: 'right', cell: (row) => <Percent value={shareOf(value(row), whole)} reason={t.priceUnknown} />, card: 'none' },
    { id: 'source', header: t.source, cell: (row) => of(row, (one) => <Source line={one} />, null), sortBy: (row) => of(row, (one) => one.line.coverage ?? '', null), card: 'aside' },
  ];
}

function Source({ line: { line } }: { line: Line }) {
  const t = useWords(words);
  if (line.value_usd === null) {
    return (
      <span className={`crit ${css.source}`}>
        <CoverageKey part="missing" />
        {t.noPrice}
      </span>
    );
  }
  if (line.coverage === null) return <span className="dim">{t.covers.through}</span>;
  return (
    <span className={css.source}>
      <CoverageKey part={line.coverage} />
      {t.covers[line.coverage]}
    </span>
  );
}

/** As many decimals as the quantity has, within reason; whole units of large amounts. */
export function placesOf(quantity: string, most: number): number {
  if (!isDecimal(quantity)) return 0;
  const [whole = '', part = ''] = quantity.replace('-', '').split('.');
  if (whole.length > 6) return 0;
  return Math.min(most, part.replace(/0+$/, '').length);
}

export function markPlaces(price: string | null): number {
  if (price === null || !isDecimal(price)) return 2;
  const whole = price.replace('-', '').split('.')[0] ?? '';
  return whole === '0' ? 6 : whole.length < 3 ? 4 : 2;
}

function Filters({ lines, figures, filter, put, nodeName }: { lines: readonly Line[]; figures: RunFigures; filter: Filter; put: (key: string, value: string | null) => void; nodeName: (id: string) => string }) {
  const t = useWords(words);
  const only: Readonly<Record<Only, string>> = { unpriced: t.onlyUnpriced, stale: t.onlyStale, manual: t.onlyManual };
  const mine = lines.filter((one) => filter.fund === null || one.fund === filter.fund);
  const nodes = [...new Set(mine.map((one) => one.line.node))].filter((id) => id !== MASK);
  const venues = [...new Set(mine.map((one) => one.venue))].filter((one) => one !== '').sort();
  return (
    <div className={css.filters} role="search">
      <TextInput size="xs" className={css.find} aria-label={t.search} placeholder={t.search} value={filter.text} onChange={(event) => put('q', event.currentTarget.value)} type="search" />
      <Select size="xs" w={170} aria-label={t.fund} placeholder={t.allFunds} clearable value={filter.fund} onChange={(value) => put('of', value)} data={figures.funds.map((one) => ({ value: one.fund, label: nodeName(one.fund) }))} />
      <Select size="xs" w={170} aria-label={t.node} placeholder={t.allNodes} clearable searchable value={filter.node} onChange={(value) => put('node', value)} data={nodes.map((id) => ({ value: id, label: nodeName(id) }))} />
      <Select size="xs" w={130} aria-label={t.allVenues} placeholder={t.allVenues} clearable value={filter.venue} onChange={(value) => put('venue', value)} data={venues} />
      {ONLY.map((one) => {
        const count = lines.filter((line) => is(line, one)).length;
        return count > 0 || filter.only === one ? (
          <Button key={one} size="xs" variant={filter.only === one ? 'light' : 'default'} aria-pressed={filter.only === one} onClick={() => put('only', filter.only === one ? null : one)}>
            {only[one]} {count}
          </Button>
        ) : null;
      })}
    </div>
  );
}

function useFilter(): [Filter, (key: string, value: string | null) => void, () => void] {
  const [params, setParams] = useSearchParams();
  const only = ONLY.find((one) => one === params.get('only')) ?? null;
  const filter = { fund: params.get('of'), node: params.get('node'), venue: params.get('venue'), only, text: params.get('q') ?? '' };
  const change = (edit: (next: URLSearchParams) => void) =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        edit(next);
        return next;
      },
      { replace: true, preventScrollReset: true },
    );
  const put = (key: string, value: string | null) => change((next) => (value === null || value === '' ? next.delete(key) : next.set(key, value)));
  const clear = () => change((next) => ['of', 'node', 'venue', 'only', 'q'].forEach((key) => next.delete(key)));
  return [filter, put, clear];
}
