// NAVs of rule sets from the same start, the underlying behind them, and the promise of the one that is chosen.
import { useCallback } from 'react';
import type { Replay, Replays } from '@/api/schema';
import { forDrawing } from '@/lib/decimal';
import { useLanguage, useWords } from '@/lib/i18n';
import { day, moment } from '@/lib/time';
import { Chart, axis, timeAxis, told, tooltip, type Palette } from '@/ui/chart/Chart';
import words from './words';

const HUES = ['s1', 's2', 's3', 's4', 's5', 's6'] as const;
const DAY = 86_400_000;

export function hueOf(place: number): (typeof HUES)[number] {
  return HUES[place % HUES.length] as (typeof HUES)[number];
}

export function Paths({ data, chosen }: { data: Replays; chosen: Replay }) {
  const t = useWords(words);
  const language = useLanguage();
  const option = useCallback(
    (colours: Palette) => {
      const base = axis(colours);
      const span = Date.parse(data.history.end) - Date.parse(data.history.start);
      const tell = (at: Date) => (span > 5 * DAY ? day(at, language) : moment(at, language));
      const line = (name: string, values: readonly string[], colour: string, more: object = {}) => ({
        type: 'line' as const,
        name,
        showSymbol: false,
        data: indexed(data.times, values),
        lineStyle: { width: 1.25, color: colour, ...more },
        itemStyle: { color: colour },
      });
      const triggers = chosen.events.filter((one) => one.kind === 'triggered');
      const start = forDrawing(chosen.explanation.nav_before);
      return {
        grid: { left: 8, right: 16, top: 12, bottom: 8, containLabel: true },
        tooltip: { ...tooltip(colours), valueFormatter: told(2) },
        xAxis: timeAxis(colours, language, tell),
        yAxis: { ...base, type: 'value' as const, scale: true, splitNumber: 4 },
        series: [
          line(t.underlying, data.prices, colours['ink-3']),
          ...data.replays.map((one, place) => line(one.rules, one.navs, colours[hueOf(place)], { width: one.rules === chosen.rules ? 2 : 1.25 })),
          line(t.promise, chosen.promised, colours.ink, { type: 'dashed', width: 1 }),
          {
            type: 'scatter' as const,
            name: t.triggered(triggers.length),
            symbol: 'diamond',
            symbolSize: 8,
            data: triggers.map((one): [string, number] => [one.at, (forDrawing(one.nav) / start) * 100]),
            itemStyle: { color: colours.warn },
          },
        ],
      };
    },
    [data, chosen, language, t],
  );
  return <Chart option={option} summary={t.pathsSummary(data.replays.map((one) => one.rules).join(', '))} height={320} />;
}

function indexed(times: readonly string[], values: readonly string[]): [string, number][] {
  const start = forDrawing(values[0] ?? '1');
  return values.map((value, place) => [times[place] as string, (forDrawing(value) / start) * 100]);
}
