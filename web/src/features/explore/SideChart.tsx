import type { EChartsOption } from 'echarts';
import { useCallback } from 'react';
import { useWords } from '@/lib/i18n';
import { Panel } from '@/ui/Panel';
import { Chart, axis, tooltip, type Palette } from '@/ui/chart/Chart';
import css from './Explore.module.css';
import { shown } from './format';
import type { Pivot } from './pivot';
import words, { memberName } from './words';

const SHOWN = 10;
const MILLION = 1e6;

/** What is above and below zero in the largest groups, and what remains. */
export default function SideChart({ pivot }: { pivot: Pivot }) {
  const t = useWords(words);
  const width = pivot.columns.length + 1;
  const size = (group: number) => (pivot.above[group] as number) - (pivot.below[group] as number);
  const top = [...pivot.depth.keys()]
    .filter((group) => pivot.depth[group] === 1)
    .sort((one, other) => size(other) - size(one))
    .slice(0, SHOWN);
  const names = top.map((group) => memberName(pivot.name[group] as string, t));
  const long = top.map((group) => (pivot.above[group] as number) / MILLION);
  const short = top.map((group) => (pivot.below[group] as number) / MILLION);
  const net = top.map((group) => (pivot.sums[group * width + width - 1] as number) / MILLION);
  const figures = JSON.stringify([names, long, short, net]);
  const option = useCallback(
    (colours: Palette): EChartsOption => {
      const [labels, above, below, rest] = JSON.parse(figures) as [string[], number[], number[], number[]];
      const millions = (value: unknown) => shown(Number(value), 2);
      return {
        grid: { left: 8, right: 14, top: 8, bottom: 22, containLabel: true },
        tooltip: { ...tooltip(colours), valueFormatter: millions, axisPointer: { type: 'shadow', shadowStyle: { color: colours.line, opacity: 0.4 } } },
        xAxis: { type: 'value', name: t.chartSub, nameLocation: 'middle', nameGap: 26, nameTextStyle: { color: colours['ink-3'] }, ...axis(colours), axisLabel: { color: colours['ink-3'], fontSize: 11, formatter: (value: number) => shown(value, 0) } },
        yAxis: { type: 'category', inverse: true, data: labels, ...axis(colours), axisLabel: { color: colours.ink, fontSize: 11.5, width: 96, overflow: 'truncate' } },
        series: [
          { name: t.long, type: 'bar', stack: 'side', data: above, barWidth: 12, itemStyle: { color: colours.up } },
          {
            name: t.short,
            type: 'bar',
            stack: 'side',
            data: below,
            itemStyle: { color: colours.down, decal: { symbol: 'rect', dashArrayX: [1, 0], dashArrayY: [2, 3], rotation: -0.8, color: colours.surface } },
          },
          { name: t.net, type: 'scatter', data: rest, symbol: 'diamond', symbolSize: 9, itemStyle: { color: colours.ink, borderColor: colours.surface, borderWidth: 1.5 } },
        ],
      };
    },
    [figures, t],
  );
  return (
    <Panel
      title={t.chart}
      tools={
        <span className={css.key} aria-hidden="true">
          <i className={css.keyLong} /> {t.long} <i className={css.keyShort} /> {t.short} <i className={css.keyNet} /> {t.net}
        </span>
      }
    >
      <div className={css.chart}>
        <Chart option={option} height={Math.max(140, 40 + top.length * 34)} summary={names[0] ? t.chartSummary(names[0], shown(net[0] ?? 0, 2)) : t.emptyTitle} />
      </div>
    </Panel>
  );
}
