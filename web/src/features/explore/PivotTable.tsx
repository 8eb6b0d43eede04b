// The table of a pivot: groups that open, cells shaded by size, a total; only what is seen is drawn.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';
import { useWords } from '@/lib/i18n';
import { Icon } from '@/ui/Icon';
import css from './Explore.module.css';
import { shown } from './format';
import type { Pivot } from './pivot';
import type { Dimension } from './shape';
import { linesOf, type Line, type Order } from './tree';
import words, { memberName } from './words';

const ROW = 26;
const THOUSAND = 1000;

interface PivotTableProps {
  pivot: Pivot;
  opened: ReadonlySet<string>;
  order: Order;
  onToggle: (path: string) => void;
}

export function PivotTable({ pivot, opened, order, onToggle }: PivotTableProps) {
  const t = useWords(words);
  const scroll = useRef<HTMLDivElement>(null);
  const [selected, setSelected] = useState<ReadonlyMap<string, number>>(new Map());
  const lines = useMemo(() => linesOf(pivot, opened, order), [pivot, opened, order]);
  const most = useMemo(() => largest(pivot, lines), [pivot, lines]);
  const virtualizer = useVirtualizer({ count: lines.length, getScrollElement: () => scroll.current, estimateSize: () => ROW, overscan: 16 });
  const seen = virtualizer.getVirtualItems();
  const width = pivot.columns.length + 1;
  const total = pivot.sums[width - 1] as number;
  const label = (name: string) => memberName(name, t);
  const toggleCell = (key: string, value: number) => {
    const next = new Map(selected);
    if (!next.delete(key)) next.set(key, value);
    setSelected(next);
  };
  const before = seen[0]?.start ?? 0;
  const after = virtualizer.getTotalSize() - (seen.at(-1)?.end ?? 0);
  return (
    <>
      <div ref={scroll} className={css.scroll} tabIndex={-1}>
        <table role="treegrid" className={css.table} aria-rowcount={lines.length + 1}>
          <thead>
            <tr>
              <th scope="col">{pivot.rows.map((one: Dimension) => t.dims[one]).join(' › ') || t.everything}</th>
              {pivot.columns.map((name) => (
                <th key={name} scope="col" className={css.right}>
                  {label(name)}
                </th>
              ))}
              <th scope="col" className={`${css.right} ${css.net}`}>
                {t.total}
              </th>
              <th scope="col" className={css.right}>
                {t.share} <span className={css.unit}>%</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {before > 0 ? <Gap height={before} span={width + 2} /> : null}
            {seen.map(({ index }) => {
              const line = lines[index] as Line;
              const start = line.group * width;
              return (
                <tr key={line.path} className={line.depth === 1 ? css.top : undefined} aria-level={line.depth} aria-expanded={line.leaf ? undefined : line.open}>
                  <th scope="row" style={{ paddingLeft: 12 + (line.depth - 1) * 18 }}>
                    {line.leaf ? (
                      <span className={css.leaf}>{label(line.name)}</span>
                    ) : (
                      <button type="button" className={`bare ${css.opener}`} onClick={() => onToggle(line.path)} aria-label={`${line.open ? t.close : t.open} ${label(line.name)}`}>
                        <Icon name={line.open ? 'down' : 'right'} size={12} />
                        {label(line.name)}
                      </button>
                    )}
                  </th>
                  {pivot.columns.map((name, column) => {
                    const value = pivot.sums[start + column] as number;
                    const key = `${line.path}\u0000${name}`;
                    return (
                      <td key={name} className={css.right}>
                        <button type="button" tabIndex={-1} className={`bare ${css.cell}`} style={shade(value, most[line.depth] ?? 1)} aria-pressed={selected.has(key)} onClick={() => toggleCell(key, value)}>
                          {shown(value / THOUSAND, 0)}
                        </button>
                      </td>
                    );
                  })}
                  <Total value={pivot.sums[start + width - 1] as number} unknown={pivot.unknown[line.group] as number} pressed={selected.has(line.path)} onClick={(value) => toggleCell(line.path, value)} />
                  <td className={`${css.right} dim`}>{total === 0 ? '' : shown(((pivot.sums[start + width - 1] as number) / total) * 100, 1)}</td>
                </tr>
              );
            })}
            {after > 0 ? <Gap height={after} span={width + 2} /> : null}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{t.everything}</th>
              {pivot.columns.map((name, column) => (
                <td key={name} className={css.right}>
                  {shown((pivot.sums[column] as number) / THOUSAND, 0)}
                </td>
              ))}
              <Total value={total} unknown={pivot.unknown[0] as number} />
              <td className={css.right}>{total === 0 ? '' : '100.0'}</td>
            </tr>
          </tfoot>
        </table>
      </div>
      <div className={css.foot}>
        {selected.size > 0 ? <Selected values={[...selected.values()]} /> : <span className="dim">{t.display}</span>}
      </div>
    </>
  );
}

function Total({ value, unknown, pressed, onClick }: { value: number; unknown: number; pressed?: boolean; onClick?: (value: number) => void }) {
  const t = useWords(words);
  const text = shown(value / THOUSAND, 0);
  const title = unknown > 0 ? t.leavesOut(unknown) : undefined;
  const marked = unknown > 0 ? 'provisional' : undefined;
  return (
    <td className={`${css.right} ${css.net}`} title={title}>
      {onClick ? (
        <button type="button" tabIndex={-1} className={`bare ${css.cell}`} aria-pressed={pressed} onClick={() => onClick(value)}>
          <span className={marked}>{text}</span>
        </button>
      ) : (
        <span className={marked}>{text}</span>
      )}
    </td>
  );
}

function Selected({ values }: { values: readonly number[] }) {
  const t = useWords(words);
  const sum = values.reduce((all, one) => all + one, 0);
  return (
    <>
      <span className="medium">{t.selected(values.length)}</span>
      <span>
        {t.sum} <span className="num medium">{shown(sum / THOUSAND, 0)}</span>
      </span>
      <span>
        {t.mean} <span className="num medium">{shown(sum / values.length / THOUSAND, 0)}</span>
      </span>
    </>
  );
}

function Gap({ height, span }: { height: number; span: number }) {
  return (
    <tr aria-hidden="true">
      <td colSpan={span} style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}

/** The largest cell of each depth: shades compare what stands side by side. */
function largest(pivot: Pivot, lines: readonly Line[]): number[] {
  const width = pivot.columns.length + 1;
  const most: number[] = [];
  for (const { group, depth } of lines) {
    for (let column = 0; column < width - 1; column += 1) {
      most[depth] = Math.max(most[depth] ?? 0, Math.abs(pivot.sums[group * width + column] as number));
    }
  }
  return most;
}

function shade(value: number, most: number) {
  const share = most === 0 ? 0 : Math.abs(value) / most;
  if (share < 0.004) return undefined;
  const hue = value > 0 ? 'var(--up)' : 'var(--down)';
  return { background: `color-mix(in srgb, ${hue} ${Math.round(4 + share * 26)}%, transparent)` };
}
