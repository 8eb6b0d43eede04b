// A chart in our colours: redrawn with the theme, without animation, its times in UTC, with a spoken summary.
import { useComputedColorScheme } from '@mantine/core';
import type { EChartsOption } from 'echarts';
import type { EChartsType } from 'echarts/core';
import { useEffect, useMemo, useRef } from 'react';
import { grouped } from '@/lib/decimal';
import type { Language } from '@/lib/i18n';
import { full, moment } from '@/lib/time';

const NAMES = ['ink', 'ink-2', 'ink-3', 'line', 'line-2', 'control', 'surface', 'accent', 'up', 'down', 'warn', 'crit', 's1', 's2', 's3', 's4', 's5', 's6'] as const;

export type Palette = Readonly<Record<(typeof NAMES)[number], string>>;

interface ChartProps {
  /** Makes the option from the colours of the theme; keep it stable with `useCallback`. */
  option: (colours: Palette) => EChartsOption;
  /** One sentence for those who cannot see it. */
  summary: string;
  height: number;
}

function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Palette;
}

/** The shared look of an axis: labels and hairlines, no line and no ticks. */
export function axis(colours: Palette) {
  return {
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: colours['ink-3'], fontSize: 11 },
    splitLine: { lineStyle: { color: colours.line } },
  };
}

/** An axis of instants: short under it, in full and as UTC in the box under the pointer. */
export function timeAxis(colours: Palette, language: Language, tell: (at: Date) => string = (at) => moment(at, language)) {
  const base = axis(colours);
  return {
    ...base,
    type: 'time' as const,
    splitLine: { show: false },
    splitNumber: 5,
    axisLabel: { ...base.axisLabel, hideOverlap: true, formatter: (at: number) => tell(new Date(at)) },
    axisPointer: { label: { formatter: ({ value }: { value: unknown }) => full(new Date(Number(value))) } },
  };
}

/** How the box under the pointer writes a drawn number: rounded and grouped as all figures are. */
export function told(places: number, unit = ''): (value: unknown) => string {
  return (value) => (typeof value === 'number' ? `${grouped(value.toFixed(places))}${unit}` : '—');
}

/** The shared look of the box under the pointer. */
export function tooltip(colours: Palette) {
  return {
    trigger: 'axis' as const,
    backgroundColor: colours.surface,
    borderColor: colours['line-2'],
    textStyle: { color: colours.ink, fontSize: 12 },
    axisPointer: { lineStyle: { color: colours.control } },
    transitionDuration: 0,
    confine: true,
  };
}

/** When nothing is more urgent: the charts' library must hold up neither figures nor keys. */
const idle = () => new Promise<void>((go) => ('requestIdleCallback' in window ? requestIdleCallback(() => go(), { timeout: 1000 }) : setTimeout(go, 200)));

export function Chart({ option, summary, height }: ChartProps) {
  const scheme = useComputedColorScheme('light');
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const full = useMemo(() => {
    return (): EChartsOption => {
      const colours = readPalette();
      return {
        animation: false,
        useUTC: true,
        textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 11, color: colours['ink-3'] },
        ...option(colours),
      };
    };
    // The palette is read from the document, so the theme is part of what the option depends on.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [option, scheme]);
  const latest = useRef(full);
  latest.current = full;

  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    let ended = false;
    const watch = new ResizeObserver(() => chart.current?.resize());
    void idle().then(() => import('./echarts')).then(({ init }) => {
      if (ended) return;
      chart.current = init(element, null, { renderer: 'svg' });
      chart.current.setOption(latest.current());
      watch.observe(element);
    });
    return () => {
      ended = true;
      watch.disconnect();
      chart.current?.dispose();
      chart.current = null;
    };
  }, []);
  useEffect(() => chart.current?.setOption(full(), { notMerge: true }), [full]);
  return <div ref={place} role="img" aria-label={summary} style={{ height }} />;
}
