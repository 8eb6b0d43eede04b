// The shelves: dimensions are dragged between them, or moved by the menu of their chip.
import { Menu, MultiSelect, Popover } from '@mantine/core';
import { useState, type DragEvent, type ReactNode } from 'react';
import { useWords } from '@/lib/i18n';
import css from './Explore.module.css';
import { DIMENSIONS, MEASURES, only, put, take, type Dimension, type Measure, type Shape, type Shelf } from './shape';
import words, { memberName } from './words';

interface ShelvesProps {
  shape: Shape;
  onShape: (shape: Shape) => void;
  membersOf: (dimension: Dimension) => Promise<readonly string[]>;
  aside: ReactNode;
}

const KIND = 'application/x-truenav-dimension';

export function Shelves({ shape, onShape, membersOf, aside }: ShelvesProps) {
  const t = useWords(words);
  const filtered = Object.keys(shape.filters) as Dimension[];
  return (
    <div className={css.shelves}>
      {(['rows', 'columns'] as const).map((shelf) => (
        <ShelfRow key={shelf} label={t[shelf]} onDrop={(dimension) => onShape(put(shape, dimension, shelf))}>
          {shape[shelf].map((dimension, index) => (
            <Chip key={dimension} dimension={dimension} shape={shape} onShape={onShape} on onDropBefore={(moved) => onShape(put(shape, moved, shelf, index))} />
          ))}
          {shelf === 'columns' && shape.columns.length > 0 ? null : <span className={css.dropHere}>{t.dropHere}</span>}
        </ShelfRow>
      ))}
      <ShelfRow label={t.values}>
        <MeasureMenu value={shape.value} onChange={(value) => onShape({ ...shape, value })} />
      </ShelfRow>
      <ShelfRow label={t.filter} onDrop={(dimension) => onShape(only(shape, dimension, shape.filters[dimension] ?? []))}>
        {filtered.map((dimension) => (
          <FilterChip key={dimension} dimension={dimension} shape={shape} onShape={onShape} membersOf={membersOf} />
        ))}
        <AddFilter shape={shape} onShape={onShape} membersOf={membersOf} />
        <span className={css.stats}>{aside}</span>
      </ShelfRow>
    </div>
  );
}

function ShelfRow({ label, children, onDrop }: { label: string; children: ReactNode; onDrop?: (dimension: Dimension) => void }) {
  const [over, setOver] = useState(false);
  return (
    <div
      className={over ? `${css.shelf} ${css.over}` : css.shelf}
      role="group"
      aria-label={label}
      onDragOver={(event) => {
        if (!onDrop || !event.dataTransfer.types.includes(KIND)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        setOver(false);
        const dimension = dropped(event);
        if (dimension && onDrop) onDrop(dimension);
      }}
    >
      <span className={css.shelfLabel}>{label}</span>
      {children}
    </div>
  );
}

function dropped(event: DragEvent): Dimension | null {
  const text = event.dataTransfer.getData(KIND);
  if (!(DIMENSIONS as readonly string[]).includes(text)) return null;
  event.preventDefault();
  event.stopPropagation();
  return text as Dimension;
}

interface ChipProps {
  dimension: Dimension;
  shape: Shape;
  onShape: (shape: Shape) => void;
  on?: boolean;
  onDropBefore?: (moved: Dimension) => void;
}

export function Chip({ dimension, shape, onShape, on = false, onDropBefore }: ChipProps) {
  const t = useWords(words);
  const row = shape.rows.indexOf(dimension);
  const to = (shelf: Shelf, at?: number) => onShape(put(shape, dimension, shelf, at));
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <button
          type="button"
          className={on ? `${css.chip} ${css.on}` : css.chip}
          draggable
          onDragStart={(event) => {
            event.dataTransfer.setData(KIND, dimension);
            event.dataTransfer.effectAllowed = 'move';
          }}
          onDragOver={(event) => event.preventDefault()}
          onDrop={(event) => {
            const moved = onDropBefore ? dropped(event) : null;
            if (moved) onDropBefore?.(moved);
          }}
        >
          <Grip />
          {t.dims[dimension]}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {row < 0 ? <Menu.Item onClick={() => to('rows')}>{t.toRows}</Menu.Item> : null}
        {shape.columns.includes(dimension) ? null : <Menu.Item onClick={() => to('columns')}>{t.toColumns}</Menu.Item>}
        {row > 0 ? <Menu.Item onClick={() => to('rows', row - 1)}>{t.earlier}</Menu.Item> : null}
        {row >= 0 && row < shape.rows.length - 1 ? <Menu.Item onClick={() => to('rows', row + 2)}>{t.later}</Menu.Item> : null}
        {on ? <Menu.Item onClick={() => onShape(take(shape, dimension))}>{t.takeOut}</Menu.Item> : null}
      </Menu.Dropdown>
    </Menu>
  );
}

function Grip() {
  return (
    <svg width={6} height={10} viewBox="0 0 6 10" fill="var(--ink-3)" aria-hidden="true">
      {[1, 5, 9].map((y) => [1, 5].map((x) => <circle key={`${x}${y}`} cx={x} cy={y} r={0.9} />))}
    </svg>
  );
}

function MeasureMenu({ value, onChange }: { value: Measure; onChange: (value: Measure) => void }) {
  const t = useWords(words);
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <button type="button" className={`${css.chip} ${css.on}`}>
          {t.measures[value]}, {t.unit}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {MEASURES.map((one) => (
          <Menu.Item key={one} onClick={() => onChange(one)} fw={one === value ? 600 : undefined}>
            {t.measures[one]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

type FilterProps = Pick<ShelvesProps, 'shape' | 'onShape' | 'membersOf'>;

function FilterChip({ dimension, shape, onShape, membersOf }: FilterProps & { dimension: Dimension }) {
  const t = useWords(words);
  const chosen = shape.filters[dimension] ?? [];
  const [first, second, ...rest] = chosen.map((name) => memberName(name, t));
  const text = [first, second].filter(Boolean).join(', ') + (rest.length > 0 ? ` ${t.andMore(rest.length)}` : '');
  return (
    <Choose dimension={dimension} chosen={chosen} membersOf={membersOf} onChange={(members) => onShape(only(shape, dimension, members))}>
      {t.isOneOf(t.dims[dimension], text)}
    </Choose>
  );
}

function AddFilter({ shape, onShape, membersOf }: FilterProps) {
  const t = useWords(words);
  const [dimension, setDimension] = useState<Dimension | null>(null);
  if (dimension !== null && !shape.filters[dimension]) {
    return (
      <Choose dimension={dimension} chosen={[]} membersOf={membersOf} opened onChange={(members) => onShape(only(shape, dimension, members))} onClose={() => setDimension(null)}>
        {t.dims[dimension]}
      </Choose>
    );
  }
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <button type="button" className={css.dropHere}>
          + {t.filterBy}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {DIMENSIONS.filter((one) => !shape.filters[one]).map((one) => (
          <Menu.Item key={one} onClick={() => setDimension(one)}>
            {t.dims[one]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

interface ChooseProps {
  dimension: Dimension;
  chosen: readonly string[];
  membersOf: (dimension: Dimension) => Promise<readonly string[]>;
  onChange: (members: string[]) => void;
  onClose?: () => void;
  opened?: boolean;
  children: ReactNode;
}

const NONE = '\u0000'; // a select has no option with an empty value

function Choose({ dimension, chosen, membersOf, onChange, onClose, opened = false, children }: ChooseProps) {
  const t = useWords(words);
  const [shown, setShown] = useState(opened);
  const [members, setMembers] = useState<readonly string[]>(chosen);
  const load = () => void membersOf(dimension).then(setMembers);
  const toggle = (next: boolean) => {
    setShown(next);
    if (!next) onClose?.();
  };
  return (
    <Popover opened={shown} onChange={toggle} position="bottom-start" shadow="md" width={320} trapFocus onOpen={load}>
      <Popover.Target>
        <button type="button" className={css.chip} onClick={() => toggle(!shown)} aria-expanded={shown}>
          {children}
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <MultiSelect
          label={t.dims[dimension]}
          data={members.map((name) => ({ value: name || NONE, label: memberName(name, t) }))}
          value={chosen.map((name) => name || NONE)}
          onChange={(names) => onChange(names.map((name) => (name === NONE ? '' : name)))}
          onFocus={load}
          searchable
          clearable
          maxDropdownHeight={260}
          comboboxProps={{ withinPortal: false }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}
