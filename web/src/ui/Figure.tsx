// Numbers on the screen: exact text in, grouped text out, and the three marks (provisional, unknown, change).
import { Tooltip } from '@mantine/core';
import { useState } from 'react';
import { isDecimal, shift, show, sign } from '@/lib/decimal';
import { useWords } from '@/lib/i18n';
import words from './words';

/** What the API sends in place of what the role may not see. */
export const MASK = '•••••';

export interface FigureProps {
  /** Exact decimal text; null is unknown, never zero. */
  value: string | null | undefined;
  /** Decimals shown, the same down a column. */
  places?: number;
  /** Power of ten of the unit in the header: 6 shows millions. */
  scale?: number;
  unit?: string;
  provisional?: boolean;
  /** Why an unknown is unknown. */
  reason?: string | null;
  signed?: boolean;
}

export function Figure({ value, places = 0, scale = 0, unit, provisional = false, reason, signed = false }: FigureProps) {
  const t = useWords(words);
  if (value === null || value === undefined) return <Unknown reason={reason} />;
  if (value === MASK) return <Masked />;
  const shown = isDecimal(value) ? show(shift(value, -scale), places, { signed }) : value;
  return (
    <span className={provisional ? 'num provisional' : 'num'} title={provisional ? t.provisional : undefined}>
      {shown}
      {withSpace(unit)}
    </span>
  );
}

function withSpace(unit: string | undefined): string {
  return unit === undefined || unit === '' ? '' : unit === '×' ? unit : ` ${unit}`;
}

/** The dash on a dashed line; its reason is one hover, focus or tap away. */
export function Unknown({ reason }: { reason?: string | null }) {
  const t = useWords(words);
  const label = reason ? `${t.unknown}: ${reason}` : t.unknown;
  return (
    <Tooltip label={label} events={{ hover: true, focus: true, touch: true }}>
      <span className="unknown" tabIndex={0} aria-label={label} role="note">
        —
      </span>
    </Tooltip>
  );
}

export function NotApplicable() {
  return <span className="dim">{useWords(words).notApplicable}</span>;
}

/** A figure that the role may not see; the totals above it are masked too. */
export function Masked() {
  const t = useWords(words);
  return (
    <Tooltip label={t.masked} events={{ hover: true, focus: true, touch: true }}>
      <span className="dim" tabIndex={0} aria-label={t.masked} role="note">
        {MASK}
      </span>
    </Tooltip>
  );
}

const SHAPES = { '1': '▲', '-1': '▼', '0': '■' } as const;
const HUES = { '1': 'up', '-1': 'down', '0': 'flat' } as const;

export interface ChangeProps extends Omit<FigureProps, 'provisional' | 'signed'> {
  /** In dense tables gains stay in ink and only their shape is coloured. */
  calm?: boolean;
  /** Without the triangle, beside a column that has it. */
  bare?: boolean;
}

/** A change carries sign, shape and hue. Where it changes itself its triangle fades in, and nothing else moves. */
export function Change({ value, places = 0, scale = 0, unit, reason, calm = false, bare = false }: ChangeProps) {
  const [first] = useState(value);
  if (value === null || value === undefined) return <Unknown reason={reason} />;
  if (value === MASK) return <Masked />;
  const shown = show(shift(value, -scale), places, { signed: true });
  const direction = /[1-9]/.test(shown) ? sign(value) : 0;
  return (
    <span className={`num ${HUES[direction]}${calm ? ' calm' : ''}`}>
      {bare ? null : (
        <span key={shown} className={value === first ? 'shape' : 'shape fresh'} aria-hidden="true">
          {SHAPES[direction]}
        </span>
      )}
      {shown}
      {withSpace(unit)}
    </span>
  );
}

function hundredfold(value: string | null | undefined): string | null | undefined {
  return typeof value === 'string' && isDecimal(value) ? shift(value, 2) : value;
}

/** A fraction as per cent: `0.0052` is `0.52`. The sign goes to the header or comes as `unit="%"`. */
export function Percent(props: FigureProps) {
  return <Figure {...props} value={hundredfold(props.value)} places={props.places ?? 2} />;
}

export function PercentChange(props: ChangeProps) {
  return <Change {...props} value={hundredfold(props.value)} places={props.places ?? 2} />;
}
