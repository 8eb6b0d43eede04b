// NAV and price from the same start, and leverage with its rebalances below.
import { useCallback } from 'react';
import type { Disclosure, ProductPoint } from '@/api/schema';
import { forDrawing } from '@/lib/decimal';
import { useLanguage, useWords, type Language } from '@/lib/i18n';
import { Chart, axis, timeAxis, told, tooltip, type Palette } from '@/ui/chart/Chart';
import words from './words';

export function Lines({ points, data }: { points: readonly ProductPoint[]; data: Disclosure }) {
  const t = useWords(words);
  const language = useLanguage();
  const option = useCallback((colours: Palette) => optionOf(points, data, colours, language, [t.nav, data.underlying, t.leverage, t.kinds.triggered]), [points, data, language, t]);
  return <Chart option={option} summary={t.summary(data.product)} height={380} />;
}

function optionOf(points: readonly ProductPoint[], data: Disclosure, colours: Palette, language: Language, names: readonly [string, string, string, string]) {
  const base = axis(colours);
  const nav = indexed(points.map((one) => [one.at, forDrawing(one.adjusted_nav)]));
  const price = indexed(points.map((one) => [one.at, forDrawing(one.price)]));
  const leverage = points.map((one): [string, number | null] => [one.at, one.leverage === null ? null : Math.abs(forDrawing(one.leverage))]);
  const first = points[0]?.at ?? '';
  const events = data.rebalances.filter((one) => one.kind === 'triggered' && one.at >= first);
  const time = timeAxis(colours, language);
  const line = { type: 'line' as const, showSymbol: false };
  return {
    grid: [
      { left: 56, right: 20, top: 30, height: 200 },
      { left: 56, right: 20, top: 262, height: 84 },
    ],
    legend: { data: [names[0], names[1]], right: 16, top: 4, textStyle: { color: colours['ink-2'] }, icon: 'rect', itemWidth: 14, itemHeight: 2 },
    tooltip: { ...tooltip(colours), valueFormatter: told(3) },
    axisPointer: { link: [{ xAxisIndex: 'all' as const }] },
    xAxis: [
      { ...time, gridIndex: 0, axisLabel: { show: false } },
      { ...time, gridIndex: 1 },
    ],
    yAxis: [
      { ...base, type: 'value' as const, scale: true, splitNumber: 4, gridIndex: 0 },
      { ...base, type: 'value' as const, scale: true, splitNumber: 2, minInterval: 0.05, gridIndex: 1, axisLabel: { ...base.axisLabel, formatter: told(2, '×') } },
    ],
    series: [
      { ...line, name: names[0], data: nav, lineStyle: { width: 1.75, color: colours.s1 }, itemStyle: { color: colours.s1 } },
      { ...line, name: names[1], data: price, lineStyle: { width: 1.25, color: colours['ink-3'] }, itemStyle: { color: colours['ink-3'] } },
      {
        ...line,
        name: names[2],
        tooltip: { valueFormatter: told(3, '×') },
        xAxisIndex: 1,
        yAxisIndex: 1,
        data: leverage,
        lineStyle: { width: 1.25, color: colours.ink },
        itemStyle: { color: colours.ink },
      },
      {
        type: 'line' as const,
        name: names[3],
        tooltip: { valueFormatter: told(3, '×') },
        xAxisIndex: 1,
        yAxisIndex: 1,
        data: events.map((one): [string, number] => [one.at, Math.abs(forDrawing(one.leverage_after ?? '0'))]),
        symbol: 'diamond',
        symbolSize: 9,
        lineStyle: { width: 0 },
        itemStyle: { color: colours.warn },
      },
    ],
  };
}

function indexed(line: readonly (readonly [string, number])[]): [string, number][] {
  const start = line[0]?.[1] ?? 1;
  return line.map(([at, value]) => [at, start === 0 ? 0 : (value / start) * 100]);
}
