import { forDrawing } from '@/lib/decimal';

/** A line without axes, its last point marked. Fewer than two points draw nothing. */
export function Sparkline({ points, width = 58, height = 18 }: { points: readonly string[]; width?: number; height?: number }) {
  const values = points.map(forDrawing);
  const last = values.at(-1);
  if (last === undefined || values.length < 2) return null;
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const x = (index: number) => (index / (values.length - 1)) * (width - 5) + 1;
  const y = (value: number) => height - 3 - ((value - low) / span) * (height - 6);
  const line = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  return (
    <svg width={width} height={height} aria-hidden="true">
      <polyline points={line} fill="none" stroke="var(--ink-3)" strokeWidth={1.25} strokeLinejoin="round" />
      <circle cx={x(values.length - 1)} cy={y(last)} r={1.9} fill="var(--ink-3)" />
    </svg>
  );
}
