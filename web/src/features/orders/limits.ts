// Limits as people type them, and as the API takes them: a collar in per cent, numbers without the blanks of copying.
import type { TradingLimits } from '@/api/schema';
import { compare, isDecimal, shift } from '@/lib/decimal';

export const NOTIONALS = ['order_notional', 'day_notional', 'position_notional'] as const;

export interface Typed {
  readonly instruments: readonly string[];
  readonly quote: string;
  readonly order_notional: string;
  readonly day_notional: string;
  readonly position_notional: string;
  /** Per cent of the mark. */
  readonly collar: string;
}

export const EMPTY: Typed = { instruments: [], quote: '', order_notional: '', day_notional: '', position_notional: '', collar: '2' };

export function typedOf(limits: TradingLimits): Typed {
  const { instruments, quote, order_notional, day_notional, position_notional, collar } = limits;
  return { instruments, quote, order_notional, day_notional, position_notional, collar: shift(collar, 2) };
}

const plain = (text: string): string => text.replace(/[\s,]/g, '');

const above = (text: string, least: string): boolean => isDecimal(text) && compare(text, least) > 0;

/** The fields that cannot be sent as they stand. */
export function wrongFields(typed: Typed): ReadonlySet<keyof Typed> {
  const wrong = NOTIONALS.filter((name) => !above(plain(typed[name]), '0')) as (keyof Typed)[];
  const collar = plain(typed.collar);
  if (!above(collar, '0') || compare(collar, '100') >= 0) wrong.push('collar');
  if (typed.quote === '') wrong.push('quote');
  return new Set(wrong);
}

/** What is sent; only of what has no wrong field. */
export function limitsOf(account: string, typed: Typed): TradingLimits {
  const numbers = Object.fromEntries(NOTIONALS.map((name) => [name, plain(typed[name])])) as Pick<TradingLimits, (typeof NOTIONALS)[number]>;
  return { account, instruments: [...typed.instruments], quote: typed.quote, ...numbers, collar: shift(plain(typed.collar), -2) };
}
