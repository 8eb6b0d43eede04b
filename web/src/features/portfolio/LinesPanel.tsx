import { SegmentedControl, TextInput } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { fileOf } from '@/api/client';
import type { HeldLine, LinesAnswer } from '@/api/schema';
import { compare, divide, isDecimal, sign } from '@/lib/decimal';
import { useLanguage, useWords } from '@/lib/i18n';
import { age } from '@/lib/time';
import { useNodes, useView } from '@/lib/view';
import { venueName } from '@/features/overview/venues';
import type { Measure } from '@/features/overview/reasons';
import { DataTable, type Column } from '@/ui/DataTable';
import { ExportMenu } from '@/ui/ExportMenu';
import { Change, Figure, MASK, Percent } from '@/ui/Figure';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import type { Place } from './data';
import { bySize, grouped, lineKey, matching, type Grouping, type LineGroup } from './lines';
import css from './NodePage.module.css';
import words from './words';

const SHARE_PLACES = 6;

interface LinesPanelProps {
  place: Place;
  lines: UseQueryResult<LinesAnswer>;
  total: string | null;
  measure: Measure;
  chosen: string | null;
  onChoose: (key: string) => void;
}

/** Every line of the node, or their exact sums by asset or venue; a line opens its evidence. */
export function LinesPanel({ place, lines, total, measure, chosen, onChoose }: LinesPanelProps) {
  const t = useWords(words);
  const { numeraire, moment } = useView();
  const [word, setWord] = useState('');
  const [grouping, setGrouping] = useState<Grouping>('line');
  const exportAs = (format: string) => fileOf(`/api/v1/overview/${place.fund}/lines`, { node: place.node, numeraire, ...moment, format });
  return (
    <Panel
      title={t.holdings}
      sub={lines.data ? t.lines(lines.data.lines.length) : null}
      tools={
        <div className={css.tools}>
          <TextInput
            className={css.find}
            size="xs"
            aria-label={t.filter}
            placeholder={t.filter}
            leftSection={<Icon name="search" size={12} />}
            value={word}
            onChange={(event) => setWord(event.currentTarget.value)}
          />
          <SegmentedControl
            size="xs"
            value={grouping}
            onChange={(value) => setGrouping(value as Grouping)}
            data={[
              { value: 'line', label: t.byLine },
              { value: 'asset', label: t.byAsset },
              { value: 'venue', label: t.byVenue },
            ]}
          />
          <ExportMenu href={exportAs} />
        </div>
      }
    >
      <Shown of={lines} rows={10} height={300}>
        {(data) =>
          data.lines.length === 0 ? (
            <Empty icon="tree" title={t.empty}>
              {t.emptyHint}
            </Empty>
          ) : grouping === 'line' ? (
            <Lines lines={matching(data.lines, word)} numeraire={data.numeraire} total={total} measure={measure} asOf={data.as_of} chosen={chosen} onChoose={onChoose} />
          ) : (
            <Groups groups={grouped(matching(data.lines, word), grouping)} grouping={grouping} numeraire={data.numeraire} total={total} measure={measure} />
          )
        }
      </Shown>
    </Panel>
  );
}

interface LinesProps {
  lines: readonly HeldLine[];
  numeraire: string;
  total: string | null;
  measure: Measure;
  asOf: string;
  chosen: string | null;
  onChoose: (key: string) => void;
}

function Lines({ lines, numeraire, total, measure, asOf, chosen, onChoose }: LinesProps) {
  const t = useWords(words);
  const language = useLanguage();
  const rows = useMemo(() => bySize(lines), [lines]);
  const { data: nodes = [] } = useNodes();
  const nameOf = (node: string) => nodes.find((one) => one.id === node)?.body.name ?? node;
  const { places } = measure;
  const columns: Column<HeldLine>[] = [
    {
      id: 'name',
      header: t.name,
      card: 'title',
      sortBy: (line) => line.name,
      cell: (line) => (
        <span className={css.subject}>
          {line.name}
          <span className={css.side}>{line.kind === 'position' && line.exposure ? (sign(line.exposure) < 0 ? t.short : t.long) : ''}</span>
        </span>
      ),
    },
    { id: 'kind', header: '', card: 'none', cell: (line) => <span className="dim">{t.kind[line.kind] ?? line.kind}</span> },
    {
      id: 'account',
      header: t.place,
      card: 'note',
      sortBy: (line) => `${line.venue} ${line.account}`,
      cell: (line) => (
        <span>
          {line.account || line.wallet} <span className="dim">{line.venue ? venueName(line.venue, '') : ''}</span>
        </span>
      ),
    },
    ...(new Set(lines.map((line) => line.node)).size > 1 ? [strategyColumn(t.node, nameOf)] : []),
    { id: 'quantity', header: t.quantity, align: 'right', card: 'none', sortBy: (line) => line.quantity, cell: (line) => <Figure value={line.quantity} places={quantityPlaces(line.quantity)} /> },
    {
      id: 'price',
      header: t.price,
      align: 'right',
      card: 'none',
      cell: (line) => (
        <>
          <Figure value={line.price} places={pricePlaces(line.price)} provisional={line.coverage === 'stale'} reason={t.noPrice} /> <span className="dim">{line.quote}</span>
        </>
      ),
    },
    {
      id: 'value',
      header: t.value,
      unit: numeraire,
      align: 'right',
      card: 'value',
      provisional: true,
      sortBy: (line) => line.value,
      cell: (line) => <Figure value={line.value} places={places} provisional={line.coverage === 'stale'} reason={line.notes[0] ?? t.noPrice} />,
    },
    { id: 'share', header: t.share, unit: '%', cardUnit: '%', align: 'right', card: 'aside', cell: (line) => <Percent value={shareOf(line.value, total)} places={1} /> },
    {
      id: 'exposure',
      header: t.exposure,
      unit: numeraire,
      align: 'right',
      card: 'none',
      sortBy: (line) => line.exposure,
      cell: (line) => <Figure value={line.exposure} places={places} />,
    },
    {
      id: 'unrealised',
      header: t.unrealised,
      unit: numeraire,
      align: 'right',
      card: 'none',
      sortBy: (line) => line.unrealised,
      cell: (line) => (line.kind === 'position' ? <Change value={line.unrealised} places={places} calm bare /> : null),
    },
    {
      id: 'age',
      header: t.quoted,
      align: 'right',
      card: 'none',
      sortBy: (line) => line.quoted_at,
      cell: (line) =>
        line.quoted_at ? (
          <span className={line.coverage === 'stale' ? 'warn' : 'dim'}>{age(Math.max(0, (Date.parse(asOf) - Date.parse(line.quoted_at)) / 1000), language)}</span>
        ) : null,
    },
  ];
  return (
    <DataTable
      label={t.holdings}
      rows={rows}
      columns={columns}
      rowKey={(line, index) => (line.node === MASK ? `${index}` : lineKey(line))}
      selected={chosen}
      onOpen={(line) => onChoose(lineKey(line))}
      empty={<Empty title={t.noMatch} />}
    />
  );
}

function strategyColumn(header: string, nameOf: (node: string) => string): Column<HeldLine> {
  return { id: 'node', header, card: 'note', sortBy: (line) => nameOf(line.node), cell: (line) => <span className="dim">{nameOf(line.node)}</span> };
}

function Groups({ groups, grouping, numeraire, total, measure }: { groups: readonly LineGroup[]; grouping: Grouping; numeraire: string; total: string | null; measure: Measure }) {
  const t = useWords(words);
  const left = (group: LineGroup) => group.unpriced > 0;
  return (
    <DataTable
      label={t.holdings}
      rows={groups}
      rowKey={(group) => group.key}
      empty={<Empty title={t.noMatch} />}
      columns={[
        {
          id: 'key',
          header: grouping === 'venue' ? t.venue : t.name,
          card: 'title',
          sortBy: (group) => group.key,
          cell: (group) => (grouping === 'venue' ? venueName(group.key, t.noVenue) : group.key),
        },
        { id: 'lines', header: '', card: 'note', cell: (group) => <span className="dim">{t.lines(group.lines)}</span> },
        {
          id: 'value',
          header: t.value,
          unit: numeraire,
          align: 'right',
          card: 'value',
          sortBy: (group) => group.value,
          cell: (group) => <Figure value={group.value} places={measure.places} provisional={left(group)} reason={t.noPrice} />,
        },
        { id: 'share', header: t.share, unit: '%', cardUnit: '%', align: 'right', card: 'aside', cell: (group) => <Percent value={shareOf(group.value, total)} places={1} /> },
        {
          id: 'exposure',
          header: t.exposure,
          unit: numeraire,
          align: 'right',
          card: 'none',
          sortBy: (group) => group.exposure,
          cell: (group) => <Figure value={group.exposure} places={measure.places} />,
        },
        {
          id: 'unrealised',
          header: t.unrealised,
          unit: numeraire,
          align: 'right',
          card: 'none',
          cell: (group) => (group.unrealised === null ? null : <Change value={group.unrealised} places={measure.places} calm bare />),
        },
      ]}
    />
  );
}

function shareOf(value: string | null, total: string | null): string | null {
  return value !== null && total !== null && isDecimal(value) && isDecimal(total) ? divide(value, total, SHARE_PLACES) : null;
}

const MOST_PLACES = 8;

/** Decimals as the thing has them, at most eight; the drawer shows all. */
function quantityPlaces(quantity: string): number {
  return Math.min(MOST_PLACES, quantity.split('.')[1]?.length ?? 0);
}

/** Enough to tell a small price from zero: two above one, more below. */
export function pricePlaces(price: string | null): number {
  if (price === null || !isDecimal(price)) return 2;
  return compare(price, '1000') >= 0 ? 2 : compare(price, '1') >= 0 ? 4 : MOST_PLACES;
}
