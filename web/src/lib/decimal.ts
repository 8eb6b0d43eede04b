// Exact decimals as text: the API sends them so, and no figure on a screen passes through a double.

interface Scaled {
  readonly digits: bigint;
  readonly scale: number;
}

const PATTERN = /^([+-]?)(\d+)(?:\.(\d+))?$/;
const MINUS = '\u2212';

function parse(text: string): Scaled {
  const found = PATTERN.exec(text);
  if (!found) throw new RangeError(`not a decimal: ${text}`);
  const [, sign, whole, part = ''] = found;
  const digits = BigInt(`${whole}${part}`);
  return { digits: sign === '-' ? -digits : digits, scale: part.length };
}

function print({ digits, scale }: Scaled): string {
  const text = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, '0');
  const whole = text.slice(0, text.length - scale);
  const sign = digits < 0n ? '-' : '';
  return scale === 0 ? `${sign}${whole}` : `${sign}${whole}.${text.slice(-scale)}`;
}

function widen(value: Scaled, scale: number): bigint {
  return value.digits * 10n ** BigInt(scale - value.scale);
}

/** `numerator / denominator` as a whole number, half to even. The denominator is above zero. */
function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const magnitude = numerator < 0n ? -numerator : numerator;
  const whole = magnitude / denominator;
  const twice = 2n * (magnitude % denominator);
  const up = twice > denominator || (twice === denominator && whole % 2n === 1n);
  const rounded = up ? whole + 1n : whole;
  return numerator < 0n ? -rounded : rounded;
}

export function isDecimal(text: string): boolean {
  return PATTERN.test(text);
}

/** -1, 0 or 1. */
export function sign(text: string): -1 | 0 | 1 {
  const { digits } = parse(text);
  return digits < 0n ? -1 : digits > 0n ? 1 : 0;
}

/** Rounded half to even to `places` decimals, which are all shown. */
export function fixed(text: string, places: number): string {
  const value = parse(text);
  if (places >= value.scale) return print({ digits: widen(value, places), scale: places });
  const divisor = 10n ** BigInt(value.scale - places);
  return print({ digits: divideHalfEven(value.digits, divisor), scale: places });
}

/** Times ten to the power: `shift("0.0052", 2)` is `"0.52"`. */
export function shift(text: string, power: number): string {
  const value = parse(text);
  const scale = value.scale - power;
  return scale >= 0 ? print({ digits: value.digits, scale }) : print({ digits: widen(value, value.scale - scale), scale: 0 });
}

export function negate(text: string): string {
  const { digits, scale } = parse(text);
  return print({ digits: -digits, scale });
}

export function add(one: string, other: string): string {
  const [a, b] = [parse(one), parse(other)];
  const scale = Math.max(a.scale, b.scale);
  return print({ digits: widen(a, scale) + widen(b, scale), scale });
}

export function subtract(one: string, other: string): string {
  return add(one, negate(other));
}

/** The quotient, rounded half to even to `places` decimals; null where the divisor is zero. */
export function divide(one: string, other: string, places: number): string | null {
  const [a, b] = [parse(one), parse(other)];
  if (b.digits === 0n) return null;
  const numerator = a.digits * 10n ** BigInt(places + b.scale);
  const denominator = b.digits * 10n ** BigInt(a.scale);
  const flipped = denominator < 0n;
  return print({ digits: divideHalfEven(flipped ? -numerator : numerator, flipped ? -denominator : denominator), scale: places });
}

/** Below zero: `one` is smaller. For sorting. */
export function compare(one: string, other: string): number {
  return sign(subtract(one, other));
}

/** For people: comma groups, U+2212 as minus, a plus only where `signed`. All decimals of the text are kept. */
export function grouped(text: string, { signed = false }: { signed?: boolean } = {}): string {
  const found = PATTERN.exec(text);
  if (!found) return text;
  const [, minus, whole = '', part] = found;
  const body = whole.replace(/\B(?=(\d{3})+$)/g, ',') + (part === undefined ? '' : `.${part}`);
  const zero = /^[0.]*$/.test(`${whole}${part ?? ''}`);
  if (minus === '-' && !zero) return MINUS + body;
  return signed && !zero ? `+${body}` : body;
}

/** Rounded to `places` and grouped: `show("-1234.5", 0)` is `"−1,234"`. */
export function show(text: string, places: number, options: { signed?: boolean } = {}): string {
  return isDecimal(text) ? grouped(fixed(text, places), options) : text;
}

/** Decimals in groups of three by a thin space, as NAV per unit is printed: `1.284 617`. */
export function thinGroups(text: string): string {
  const [whole, part] = text.split('.');
  return part === undefined ? text : `${whole}.${part.replace(/(\d{3})(?=\d)/g, '$1\u2009')}`;
}

/** Decimals and unit that suit a total: `299,546,800` has none and is told in millions, `6,839.73` has two. */
export function measureOf(total: string | null | undefined): { places: number; scale: 0 | 3 | 6; letter: '' | 'k' | 'M' } {
  const whole = total && isDecimal(total) ? fixed(total, 0).replace('-', '').length : 9;
  const places = whole > 6 ? 0 : whole > 3 ? 2 : 4;
  return whole > 7 ? { places, scale: 6, letter: 'M' } : whole > 5 ? { places, scale: 3, letter: 'k' } : { places, scale: 0, letter: '' };
}

/** A double for drawing only: bars, lines, widths. */
export function forDrawing(text: string): number {
  return Number(text);
}
