import { Button, SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { Link } from 'react-router';
import { api, ask } from '@/api/client';
import type { HistoryAnswer, HistoryPoint } from '@/api/schema';
import { forDrawing, measureOf, shift, show } from '@/lib/decimal';
import { useLanguage, useWords, type Language } from '@/lib/i18n';
import { day, moment } from '@/lib/time';
import { useView } from '@/lib/view';
import { Chart, axis, tooltip, type Palette } from '@/ui/chart/Chart';
import { Panel } from '@/ui/Panel';
import { Shown, State } from '@/ui/States';
import css from './Overview.module.css';
import words from './words';

const DAYS = { month: 31, quarter: 92, year: 366, all: null } as const;
type Span = keyof typeof DAYS;

const HEIGHT = 250;

/** The NAVs through time, and how far below the highest they fell. */
export function History({ fund, numeraire }: { fund: string; numeraire: string }) {
  const t = useWords(words);
  const [span, setSpan] = useState<Span>('year');
  const days = DAYS[span];
  const { asOf, knownAt } = useView();
  const until = asOf ?? knownAt;
  const from = days === null ? undefined : new Date((until ? Date.parse(until) : Date.now()) - days * 86_400_000).toISOString();
  const history = useQuery({
    queryKey: ['nav', 'history', fund, numeraire, span, asOf, knownAt],
    queryFn: () =>
      ask(
        api.GET('/api/v1/overview/{fund}/history', {
          params: { path: { fund }, query: { numeraire, from, to: until ?? undefined, known_at: knownAt ?? undefined } },
        }),
      ),
  });
  const unit = measureOf(history.data?.points.at(-1)?.nav).letter;
  return (
    <Panel
      className={css.history}
      title={t.history}
      sub={`${unit} ${numeraire}`.trim()}
      tools={
        <SegmentedControl
          size="xs"
          value={span}
          onChange={(value) => setSpan(value as Span)}
          data={(Object.keys(DAYS) as Span[]).map((value) => ({ value, label: t[value] }))}
        />
      }
    >
      <Shown of={history} height={HEIGHT}>
        {(data) => (data.points.filter((point) => point.nav !== null).length < 2 ? <NoHistory /> : <Lines data={data} />)}
      </Shown>
    </Panel>
  );
}

function NoHistory() {
  const t = useWords(words);
  return (
    <State
      icon="nav"
      title={t.historyEmpty}
      action={
        <Button component={Link} to="/nav">
          {t.strike}
        </Button>
      }
    />
  );
}

function Lines({ data }: { data: HistoryAnswer }) {
  const t = useWords(words);
  const language = useLanguage();
  const option = useCallback((colours: Palette) => optionOf(data, colours, language, t.drawdown), [data, language, t]);
  const worst = data.worst_drawdown === null ? '—' : show(shift(data.worst_drawdown, 2), 2);
  return <Chart option={option} summary={t.historySummary(data.points.length, worst)} height={HEIGHT} />;
}

function optionOf(data: HistoryAnswer, colours: Palette, language: Language, drawdown: string) {
  const { scale, letter } = measureOf(data.points.at(-1)?.nav);
  const nav = (point: HistoryPoint): [string, number | null] => [point.at, point.nav === null ? null : forDrawing(shift(point.nav, -scale))];
  const settled = data.points.filter((point) => point.kind !== 'provisional');
  const last = settled.at(-1);
  const open = data.points.filter((point) => point.kind === 'provisional' && (last === undefined || point.at > last.at));
  const base = axis(colours);
  const deepest = Math.max(0.01, ...data.points.map((point) => (point.drawdown === null ? 0 : -forDrawing(shift(point.drawdown, 2)))));
  const times = (gridIndex: number, labels: boolean) => ({
    ...base,
    type: 'time' as const,
    gridIndex,
    splitLine: { show: false },
    splitNumber: 3,
    axisLabel: { ...base.axisLabel, show: labels, hideOverlap: true, formatter: (at: number) => day(new Date(at), language) },
  });
  return {
    grid: [
      { left: 52, right: 16, top: 14, height: 148 },
      { left: 52, right: 16, top: 178, height: 40 },
    ],
    tooltip: {
      ...tooltip(colours),
      formatter: (found: unknown) => {
        const [first] = found as { dataIndex: number; axisValue: number }[];
        const point = data.points.find((one) => new Date(one.at).getTime() === first?.axisValue);
        return point ? tooltipOf(point, scale, letter, language, drawdown) : '';
      },
    },
    axisPointer: { link: [{ xAxisIndex: 'all' as const }] },
    xAxis: [times(0, false), times(1, true)],
    yAxis: [
      { ...base, type: 'value' as const, scale: true, splitNumber: 3 },
      {
        ...base,
        type: 'value' as const,
        gridIndex: 1,
        max: 0,
        min: -deepest,
        interval: deepest,
        splitLine: { show: false },
        axisLabel: { ...base.axisLabel, verticalAlign: 'bottom' as const, formatter: (value: number) => (value === 0 ? '' : `${show(value.toFixed(2), 2)} %`) },
      },
    ],
    series: [
      {
        type: 'line' as const,
        data: settled.map(nav),
        symbol: 'circle',
        symbolSize: settled.length > 60 ? 0 : 4,
        lineStyle: { width: 1.5, color: colours.ink },
        itemStyle: { color: colours.ink },
        areaStyle: { color: colours.ink, opacity: 0.05, origin: 'start' as const },
      },
      {
        type: 'line' as const,
        data: open.length === 0 ? [] : [...(last ? [last] : []), ...open].map(nav),
        symbol: 'circle',
        symbolSize: 5,
        lineStyle: { width: 1.8, type: [2, 2.5], color: colours.warn },
        itemStyle: { color: colours.warn },
      },
      {
        type: 'line' as const,
        xAxisIndex: 1,
        yAxisIndex: 1,
        data: data.points.map((point): [string, number | null] => [point.at, point.drawdown === null ? null : forDrawing(shift(point.drawdown, 2))]),
        showSymbol: false,
        lineStyle: { width: 1, color: colours.down },
        areaStyle: { color: colours.down, opacity: 0.14 },
      },
    ],
  };
}

/** Only figures and instants of ours: nothing that a person named, since ECharts reads it as HTML. */
function tooltipOf(point: HistoryPoint, scale: number, letter: string, language: Language, drawdown: string): string {
  const nav = point.nav === null ? '—' : `${show(shift(point.nav, -scale), scale ? 3 : 2)} ${letter}`;
  const fall = point.drawdown === null ? '—' : `${show(shift(point.drawdown, 2), 2)} %`;
  return `${moment(point.at, language)}<br><b>${nav}</b><br>${drawdown} ${fall}`;
}
