// The indicative value of a share through the last day, with the share's own last price.
import { useCallback } from 'react';
import type { BasketListing, InavView } from '@/api/schema';
import { forDrawing } from '@/lib/decimal';
import { useLanguage, useWords, type Language } from '@/lib/i18n';
import { Chart, axis, timeAxis, told, tooltip, type Palette } from '@/ui/chart/Chart';
import { ExportMenu } from '@/ui/ExportMenu';
import { Panel } from '@/ui/Panel';
import { Shown, State } from '@/ui/States';
import { useInav } from './data';
import words from './words';

const HEIGHT = 260;

export function Course({ listing }: { listing: BasketListing }) {
  const t = useWords(words);
  const series = useInav(listing.id);
  return (
    <Panel title={t.inav} sub={t.day} tools={<ExportMenu href={(format) => `/api/v1/basket-inav/${listing.id}?format=${format}`} />}>
      <Shown of={series} height={HEIGHT}>
        {(points) => <Line points={points} name={listing.product.name} />}
      </Shown>
    </Panel>
  );
}

/** The two lines; until there are two values, what they wait for. */
export function Line({ points, name }: { points: readonly InavView[]; name: string }) {
  const t = useWords(words);
  const language = useLanguage();
  const option = useCallback((colours: Palette) => optionOf(points, colours, language, [t.inav, t.lastPrice]), [points, language, t]);
  if (points.length > 1) return <Chart option={option} summary={t.sumInav(name)} height={HEIGHT} />;
  return (
    <State icon="clock" title={t.inav}>
      {t.noInav}
    </State>
  );
}

function optionOf(points: readonly InavView[], colours: Palette, language: Language, [inav, price]: readonly [string, string]) {
  const base = axis(colours);
  const line = { type: 'line' as const, showSymbol: false };
  const values = (of: (point: InavView) => string | null) => points.map((point): [string, number | null] => [point.at, drawn(of(point))]);
  return {
    grid: { left: 64, right: 20, top: 30, bottom: 28 },
    legend: { data: [inav, price], right: 16, top: 4, textStyle: { color: colours['ink-2'] }, icon: 'rect', itemWidth: 14, itemHeight: 2 },
    tooltip: { ...tooltip(colours), valueFormatter: told(4) },
    xAxis: timeAxis(colours, language),
    yAxis: { ...base, type: 'value' as const, scale: true, splitNumber: 4 },
    series: [
      { ...line, name: inav, data: values((point) => point.per_share), lineStyle: { width: 1.75, color: colours.s1 }, itemStyle: { color: colours.s1 } },
      { ...line, name: price, data: values((point) => point.market_price), lineStyle: { width: 1.25, color: colours['ink-3'] }, itemStyle: { color: colours['ink-3'] } },
    ],
  };
}

const drawn = (value: string | null): number | null => (value === null ? null : forDrawing(value));
