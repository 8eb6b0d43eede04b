// What an investor owns, at published NAVs, and the statements to take along.
import { Button, Menu } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { api, ask } from '@/api/client';
import type { OwnHolding, PublishedUnit } from '@/api/schema';
import { useSymbols } from '@/lib/assets';
import { add, forDrawing } from '@/lib/decimal';
import { useLanguage, useWords, type Language } from '@/lib/i18n';
import { day, full } from '@/lib/time';
import { Chart, axis, timeAxis, told, tooltip, type Palette } from '@/ui/chart/Chart';
import { type Column, DataTable } from '@/ui/DataTable';
import { ExportMenu } from '@/ui/ExportMenu';
import { Figure } from '@/ui/Figure';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { Empty, Shown, State } from '@/ui/States';
import css from './Holdings.module.css';
import words from './words';

const LANGUAGES = [
  ['en', 'english'],
  ['zh', 'chinese'],
  ['both', 'both'],
] as const;

export default function Holdings() {
  const t = useWords(words);
  const holdings = useQuery({ queryKey: ['nav', 'holdings'], queryFn: () => ask(api.GET('/api/v1/holdings')) });
  return (
    <Shown of={holdings} rows={5}>
      {({ items }) =>
        items.length === 0 ? (
          <Panel>
            <Empty icon="nav" title={t.none}>
              {t.noneHint}
            </Empty>
          </Panel>
        ) : (
          <Owned items={items} />
        )
      }
    </Shown>
  );
}

function Owned({ items }: { items: readonly OwnHolding[] }) {
  const t = useWords(words);
  const [chosen, setChosen] = useState(items[0]?.share_class ?? null);
  const holding = items.find((one) => one.share_class === chosen);
  return (
    <div className={css.page}>
      <Total items={items} />
      <Panel title={t.classes} sub={String(items.length)} tools={<ExportMenu href={(format) => `/api/v1/holdings?format=${format}`} />}>
        <Classes items={items} selected={chosen} onOpen={setChosen} />
      </Panel>
      {holding ? <History key={holding.share_class} holding={holding} /> : null}
    </div>
  );
}

function Total({ items }: { items: readonly OwnHolding[] }) {
  const t = useWords(words);
  const unknown = items.filter((one) => one.value_usd === null);
  const known = items.flatMap((one) => (one.value_usd === null ? [] : [one.value_usd]));
  return (
    <Panel padded>
      <p className="dim">{t.total}</p>
      <p className="hero">
        <Figure value={known.length === 0 ? null : known.reduce(add)} places={2} unit="USD" />
      </p>
      <p className="ink2">{unknown.length === 0 ? t.totalHint : `${t.totalPartly} ${unknown.map((one) => one.class_name).join(', ')}`}</p>
    </Panel>
  );
}

function Classes({ items, selected, onOpen }: { items: readonly OwnHolding[]; selected: string | null; onOpen: (share_class: string) => void }) {
  const t = useWords(words);
  const symbol = useSymbols();
  const columns: readonly Column<OwnHolding>[] = [
    { id: 'fund', header: t.fund, card: 'note', cell: (row) => row.fund_name },
    { id: 'class', header: t.shareClass, card: 'title', cell: (row) => row.class_name },
    { id: 'holder', header: t.holder, cell: (row) => row.investor },
    { id: 'units', header: t.units, align: 'right', cell: (row) => <Figure value={row.units} places={4} /> },
    { id: 'per_unit', header: t.perUnit, align: 'right', cell: (row) => <Figure value={row.nav_per_unit} places={6} unit={symbol(row.currency)} /> },
    { id: 'value', header: t.value, align: 'right', card: 'value', cell: (row) => <Figure value={row.value} places={2} unit={symbol(row.currency)} /> },
    { id: 'as_of', header: t.asOf, cell: (row) => <span className="num">{full(row.as_of)}</span> },
    { id: 'statement', header: t.statement, cell: (row) => <Statement holding={row} /> },
  ];
  return <DataTable label={t.classes} columns={columns} rows={items} rowKey={(row) => `${row.share_class} ${row.investor}`} selected={selected} onOpen={(row) => onOpen(row.share_class)} />;
}

function Statement({ holding }: { holding: OwnHolding }) {
  const t = useWords(words);
  const href = (language: string) => `/api/v1/holdings/runs/${holding.run}/statement?${new URLSearchParams({ language, investor: holding.investor }).toString()}`;
  return (
    <Menu>
      <Menu.Target>
        <Button size="xs" variant="subtle" onClick={(event) => event.stopPropagation()} leftSection={<Icon name="download" size={13} />}>
          PDF
        </Button>
      </Menu.Target>
      <Menu.Dropdown onClick={(event) => event.stopPropagation()}>
        {LANGUAGES.map(([language, word]) => (
          <Menu.Item key={language} component="a" href={href(language)} download>
            {t[word]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function History({ holding }: { holding: OwnHolding }) {
  const t = useWords(words);
  const symbol = useSymbols();
  const history = useQuery({
    queryKey: ['nav', 'holdings', holding.share_class],
    queryFn: () => ask(api.GET('/api/v1/holdings/classes/{share_class}/history', { params: { path: { share_class: holding.share_class } } })),
  });
  return (
    <Panel title={t.history(holding.class_name)} sub={symbol(holding.currency)}>
      <Shown of={history} height={220}>
        {({ items }) => {
          const known = items.filter((one) => one.nav_per_unit !== null);
          return known.length < 2 ? <State icon="nav" title={t.noHistory} /> : <Line points={[...known].reverse()} name={t.history(holding.class_name)} />;
        }}
      </Shown>
    </Panel>
  );
}

function Line({ points, name }: { points: readonly PublishedUnit[]; name: string }) {
  const language = useLanguage();
  const option = useCallback((colours: Palette) => optionOf(points, colours, language), [points, language]);
  return <Chart option={option} summary={name} height={220} />;
}

function optionOf(points: readonly PublishedUnit[], colours: Palette, language: Language) {
  const base = axis(colours);
  return {
    grid: { left: 64, right: 20, top: 14, bottom: 28 },
    tooltip: { ...tooltip(colours), valueFormatter: told(6) },
    xAxis: { ...timeAxis(colours, language, (at) => day(at, language)), splitNumber: 4 },
    yAxis: { ...base, type: 'value' as const, scale: true, splitNumber: 3 },
    series: [
      {
        type: 'line' as const,
        data: points.map((one) => [one.as_of, one.nav_per_unit === null ? null : forDrawing(one.nav_per_unit)]),
        symbol: 'circle',
        symbolSize: points.length > 60 ? 0 : 4,
        lineStyle: { width: 1.5, color: colours.ink },
        itemStyle: { color: colours.ink },
      },
    ],
  };
}
