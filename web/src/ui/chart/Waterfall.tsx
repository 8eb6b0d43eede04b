// A bridge: total, steps, total. The axis is cut and the total bars say so; labels carry sign and shape.
import { useElementSize } from '@mantine/hooks';
import { add, forDrawing, measureOf, shift, show, sign } from '@/lib/decimal';
import css from './Waterfall.module.css';

export interface Step {
  /** One line, or two. */
  label: readonly string[];
  /** Exact: of a total the whole, of a step its amount. */
  value: string;
  total?: boolean;
}

interface Bar extends Step {
  from: string;
  to: string;
}

const TOP = 20;
const BOTTOM = 34;
const SHAPES = { '1': '▲', '-1': '▼', '0': '■' } as const;
const HUES = { '1': 'var(--up)', '-1': 'var(--down)', '0': 'var(--ink-3)' } as const;

/** Each bar between two running sums, kept exact so that the last step meets the last total. */
export function barsOf(steps: readonly Step[]): Bar[] {
  let sum = '0';
  return steps.map((step) => {
    const from = sum;
    sum = step.total ? step.value : add(sum, step.value);
    return { ...step, from: step.total ? sum : from, to: sum };
  });
}

export function Waterfall({ steps, places, summary, height = 178 }: { steps: readonly Step[]; places: number; summary: string; height?: number }) {
  const { ref, width } = useElementSize();
  return (
    <div ref={ref} className={css.place} style={{ height }}>
      {width > 0 ? <Drawing bars={barsOf(steps)} width={width} height={height} places={places} summary={summary} /> : null}
    </div>
  );
}

function Drawing({ bars, width, height, places, summary }: { bars: readonly Bar[]; width: number; height: number; places: number; summary: string }) {
  const ends = bars.flatMap((bar) => [forDrawing(bar.from), forDrawing(bar.to)]);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const span = high - low || 1;
  const base = low - span * 0.45; // the cut: below it every total looks alike
  const room = height - TOP - BOTTOM;
  const y = (value: number) => TOP + room - ((value - base) / (high - base || 1)) * room;
  const step = width / bars.length;
  const bar = Math.min(step * 0.56, 46);
  return (
    <svg width={width} height={height} role="img" aria-label={summary} className={css.drawing}>
      {bars.map((one, index) => {
        const x = index * step + (step - bar) / 2;
        const [from, to] = [forDrawing(one.from), forDrawing(one.to)];
        const top = one.total ? y(to) : y(Math.max(from, to));
        const bottom = one.total ? y(base) : y(Math.min(from, to));
        const direction = sign(one.value);
        const centre = index * step + step / 2;
        return (
          <g key={index}>
            <rect x={x} y={top} width={bar} height={Math.max(2, bottom - top)} rx={1.5} fill={one.total ? 'var(--ink-2)' : HUES[direction]} />
            {one.total ? <path d={`M${x - 3} ${bottom - 7}l${bar + 6} -4`} stroke="var(--surface)" strokeWidth={2.5} /> : null}
            {index < bars.length - 1 ? <path d={`M${x + bar} ${y(to)}H${x + step}`} stroke="var(--control)" strokeDasharray="2 2" /> : null}
            <text x={centre} y={top - 6} textAnchor="middle" className={css.value} fill={one.total ? 'var(--ink)' : HUES[direction]}>
              {one.total ? totalLabel(one.value) : `${SHAPES[direction]} ${stepLabel(one.value, places)}`}
            </text>
            {one.label.map((line, row) => (
              <text key={row} x={centre} y={height - BOTTOM + 15 + row * 13} textAnchor="middle" className={css.label}>
                {line}
              </text>
            ))}
          </g>
        );
      })}
      <path d={`M0 ${y(base) + 0.5}H${width}`} stroke="var(--line-2)" />
    </svg>
  );
}

function totalLabel(value: string): string {
  const { scale, letter, places } = measureOf(value);
  return scale === 0 ? show(value, places) : `${show(shift(value, -scale), 2)} ${letter}`;
}

/** In full below a million, in thousands or millions above, so that neighbours never touch. */
function stepLabel(value: string, places: number): string {
  const { scale, letter } = measureOf(value);
  return scale === 0 || places > 0 ? show(value, places, { signed: true }) : `${show(shift(value, -scale), scale === 6 ? 2 : 0, { signed: true })} ${letter}`;
}
