// The dense table: hairlines, 28 px rows, figures to the right, arrow keys, cards on a phone.
import { useMediaQuery } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useId, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { compare, isDecimal } from '@/lib/decimal';
import { Icon } from './Icon';
import css from './DataTable.module.css';

export interface Column<Row> {
  id: string;
  header: ReactNode;
  /** Stands once, in the header. */
  unit?: ReactNode;
  align?: 'left' | 'right';
  cell: (row: Row) => ReactNode;
  /** Makes the column sortable: exact decimals by value, other text by letters; null comes last. */
  sortBy?: (row: Row) => string | null;
  /** All of the column is provisional: the header is marked, not each cell. */
  provisional?: boolean;
  width?: number | string;
  /** Where the cell stands in a phone's card; `none` leaves it out. Default: a labelled line. */
  card?: 'title' | 'value' | 'note' | 'aside' | 'line' | 'none';
  /** The unit behind the cell in a card, which has no header; without one it is that of the header. */
  cardUnit?: string;
}

export interface DataTableProps<Row> {
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  /** The place is given too: names that a role does not see are all alike. */
  rowKey: (row: Row, index: number) => string;
  /** What the table holds, for those who cannot see it. */
  label: string;
  onOpen?: (row: Row) => void;
  selected?: string | null;
  rowTone?: (row: Row) => 'total' | 'group' | 'plain';
  /** Shown instead of no rows. */
  empty?: ReactNode;
  /** The table scrolls inside this many pixels; needed above 200 rows, which are drawn only where seen. */
  maxHeight?: number | string;
}

const ROW = 28;
const VIRTUAL_FROM = 200;

export function DataTable<Row>(props: DataTableProps<Row>) {
  const phone = useMediaQuery('(max-width: 700px)');
  const [order, setOrder] = useState<Order | null>(null);
  const rows = useMemo(() => sorted(props.rows, props.columns, order), [props.rows, props.columns, order]);
  if (rows.length === 0 && props.empty) return <>{props.empty}</>;
  return phone ? <Cards {...props} rows={rows} /> : <Grid {...props} rows={rows} order={order} onOrder={setOrder} />;
}

interface Order {
  readonly column: string;
  readonly down: boolean;
}

function sorted<Row>(rows: readonly Row[], columns: readonly Column<Row>[], order: Order | null): readonly Row[] {
  const by = columns.find((column) => column.id === order?.column)?.sortBy;
  if (!by || !order) return rows;
  return [...rows].sort((one, other) => {
    const [a, b] = [by(one), by(other)];
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    const found = isDecimal(a) && isDecimal(b) ? compare(a, b) : a.localeCompare(b);
    return order.down ? -found : found;
  });
}

interface GridProps<Row> extends DataTableProps<Row> {
  order: Order | null;
  onOrder: (order: Order | null) => void;
}

function Grid<Row>({ columns, rows, rowKey, label, onOpen, selected, rowTone, maxHeight, order, onOrder }: GridProps<Row>) {
  const scroll = useRef<HTMLDivElement>(null);
  const virtual = rows.length > VIRTUAL_FROM;
  const virtualizer = useVirtualizer({
    count: virtual ? rows.length : 0,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const seen = virtual ? virtualizer.getVirtualItems().map((item) => item.index) : rows.map((_, index) => index);
  const before = (seen[0] ?? 0) * ROW;
  const after = virtual ? virtualizer.getTotalSize() - ((seen.at(-1) ?? -1) + 1) * ROW : 0;
  return (
    <div ref={scroll} className={css.scroll} style={{ maxHeight: maxHeight ?? (virtual ? '70vh' : undefined) }} tabIndex={-1}>
      <table className={css.table} aria-label={label} aria-rowcount={rows.length}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head key={column.id} column={column} order={order} onOrder={onOrder} />
            ))}
          </tr>
        </thead>
        <tbody onKeyDown={moveWithArrows}>
          {before > 0 ? <Gap height={before} span={columns.length} /> : null}
          {seen.map((index) => {
            const row = rows[index] as Row;
            const key = rowKey(row, index);
            return (
              <tr
                key={key}
                className={`${css[rowTone?.(row) ?? 'plain']} ${onOpen ? css.opens : ''}`}
                aria-selected={selected === key || undefined}
                aria-rowindex={virtual ? index + 1 : undefined}
                tabIndex={onOpen ? (index === (seen[0] ?? 0) ? 0 : -1) : undefined}
                onClick={onOpen ? () => onOpen(row) : undefined}
                onKeyDown={onOpen ? (event) => openOnEnter(event, () => onOpen(row)) : undefined}
              >
                {columns.map((column) => (
                  <td key={column.id} className={column.align === 'right' ? css.right : undefined}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
          {after > 0 ? <Gap height={after} span={columns.length} /> : null}
        </tbody>
      </table>
    </div>
  );
}

function Gap({ height, span }: { height: number; span: number }) {
  return (
    <tr aria-hidden="true">
      <td colSpan={span} style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}

function Head<Row>({ column, order, onOrder }: { column: Column<Row>; order: Order | null; onOrder: (order: Order | null) => void }) {
  const text = (
    <>
      <span className={column.provisional ? 'provisional' : undefined}>{column.header}</span>
      {column.unit ? <span className={css.unit}>{column.unit}</span> : null}
    </>
  );
  const mine = order?.column === column.id ? order : null;
  const next = mine === null ? { column: column.id, down: true } : mine.down ? { column: column.id, down: false } : null;
  return (
    <th
      scope="col"
      className={column.align === 'right' ? css.right : undefined}
      style={{ width: column.width }}
      aria-sort={mine === null ? undefined : mine.down ? 'descending' : 'ascending'}
    >
      {column.sortBy ? (
        <button type="button" className={`bare ${css.sort}`} onClick={() => onOrder(next)}>
          {text}
          {mine ? <span aria-hidden="true">{mine.down ? ' ↓' : ' ↑'}</span> : null}
        </button>
      ) : (
        text
      )}
    </th>
  );
}

function openOnEnter(event: KeyboardEvent<HTMLElement>, open: () => void): void {
  if (event.key === 'Enter' && event.target === event.currentTarget) open();
}

/** Arrow keys move between the rows that can be opened. */
function moveWithArrows(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  const row = (event.target as HTMLElement).closest('tr');
  let next = event.key === 'ArrowDown' ? row?.nextElementSibling : row?.previousElementSibling;
  while (next instanceof HTMLElement && next.getAttribute('tabindex') === null) {
    next = event.key === 'ArrowDown' ? next.nextElementSibling : next.previousElementSibling;
  }
  if (next instanceof HTMLElement) {
    event.preventDefault();
    next.focus();
  }
}

const CARDS_AT_ONCE = 200;

function inCard<Row>(row: Row): (column: Column<Row>) => ReactNode {
  return (column) => {
    const cell = column.cell(row);
    const unit = column.cardUnit ?? column.unit;
    if (cell === null) return null;
    return (
      <span key={column.id}>
        {cell}
        {unit ? <> {unit}</> : null}
      </span>
    );
  };
}

function Cards<Row>({ columns, rows, rowKey, label, onOpen, rowTone }: DataTableProps<Row>) {
  const [shown, setShown] = useState(CARDS_AT_ONCE);
  const id = useId();
  const at = (place: Column<Row>['card']) => columns.filter((column) => (column.card ?? 'line') === place);
  return (
    <ul className={css.cards} aria-label={label}>
      {rows.slice(0, shown).map((row, index) => {
        const body = (
          <>
            <span className={css.cardTitle} id={`${id}-${index}`}>{at('title').map(inCard(row))}</span>
            <span className={css.cardValue}>{at('value').map(inCard(row))}</span>
            <span className={css.cardNote}>{at('note').map(inCard(row))}</span>
            <span className={css.cardAside}>{at('aside').map(inCard(row))}</span>
            {at('line').map((column) => (
              <span key={column.id} className={css.cardLine}>
                <span className="dim">
                  {column.header} {column.unit}
                </span>
                <span>{column.cell(row)}</span>
              </span>
            ))}
          </>
        );
        const className = `${css.card} ${css[rowTone?.(row) ?? 'plain']}`;
        return (
          <li key={rowKey(row, index)}>
            {onOpen ? (
              <div className={`${className} ${css.opens}`}>
                <button type="button" className={css.cardOpen} aria-labelledby={`${id}-${index}`} onClick={() => onOpen(row)} />
                {body}
              </div>
            ) : (
              <div className={className}>{body}</div>
            )}
          </li>
        );
      })}
      {rows.length > shown ? (
        <li>
          <button type="button" className={`bare ${css.moreCards}`} onClick={() => setShown(shown + CARDS_AT_ONCE)} aria-label="+">
            <Icon name="down" size={16} />
          </button>
        </li>
      ) : null}
    </ul>
  );
}
