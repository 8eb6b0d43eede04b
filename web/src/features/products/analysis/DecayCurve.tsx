// What volatility alone takes, by volatility, with the one of the moment marked.
import { useCallback } from 'react';
import { forDrawing, shift, show } from '@/lib/decimal';
import { useWords } from '@/lib/i18n';
import { Chart, axis, told, tooltip, type Palette } from '@/ui/chart/Chart';
import { Panel } from '@/ui/Panel';
import { Shown } from '@/ui/States';
import { useDecay } from './data';
import type { DecayTheory } from '@/api/schema';
import words from './words';

export function DecayCurve({ target, volatility, days }: { target: string; volatility: string; days: number }) {
  const t = useWords(words);
  const theory = useDecay(target, volatility, String(days));
  const name = `${show(target, 2).replace(/\.?0+$/, '')}×`;
  return (
    <Panel title={t.curve} sub={t.curveSub(String(days), name)} padded>
      <Shown of={theory} height={220}>
        {(data) => <Curve data={data} volatility={volatility} name={name} />}
      </Shown>
    </Panel>
  );
}

function Curve({ data, volatility, name }: { data: DecayTheory; volatility: string; name: string }) {
  const t = useWords(words);
  const loss = shift(data.expected.volatility_decay, 2);
  const now = t.curveNow(show(shift(volatility, 2), 0), show(loss, 1));
  const isFlat = forDrawing(data.expected.leverage) === 0;
  const option = useCallback(
    (colours: Palette) => {
      const base = axis(colours);
      const percent = told(0, ' %');
      return {
        grid: { left: 8, right: 20, top: 14, bottom: 8, containLabel: true },
        tooltip: { ...tooltip(colours), valueFormatter: told(2, ' %') },
        xAxis: { ...base, type: 'value' as const, max: 200, splitLine: { show: false }, axisLabel: { ...base.axisLabel, formatter: percent } },
        yAxis: { ...base, type: 'value' as const, splitNumber: 4, axisLabel: { ...base.axisLabel, formatter: percent } },
        series: [
          {
            type: 'line' as const,
            name,
            smooth: true,
            showSymbol: false,
            data: data.curve.map((one) => [forDrawing(shift(one.volatility, 2)), forDrawing(shift(one.decay, 2))]),
            lineStyle: { width: 1.75, color: colours.s1 },
            itemStyle: { color: colours.s1 },
          },
          {
            type: 'scatter' as const,
            name: now,
            data: isFlat ? [[forDrawing(shift(volatility, 2)), forDrawing(loss)]] : [],
            symbol: 'diamond',
            symbolSize: 9,
            itemStyle: { color: colours.warn },
          },
        ],
      };
    },
    [data, volatility, loss, now, isFlat, name],
  );
  return (
    <>
      <Chart option={option} summary={`${t.curveSummary(name)}; ${now}`} height={220} />
      <p className="dim">{now}</p>
    </>
  );
}
