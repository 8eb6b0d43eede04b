// A product's listing as people type it, and as the API takes it: fees in per cent, numbers without the blanks of copying.
import type { Instrument, Listing, Product, Terms } from '@/api/schema';
import { compare, isDecimal, shift } from '@/lib/decimal';
import { SLUG, slug } from '@/lib/slug';
import { instantOf } from '../analysis/instants';

/** What may still be changed once a product is listed; empty is none. */
export interface Changeable {
  readonly tick: string;
  readonly hedge: string;
  readonly automatic: string;
  readonly published: boolean;
  readonly market: string;
  /** Per cent of the amount. */
  readonly maker: string;
  readonly taker: string;
  readonly disclosed: boolean;
}

export interface Draft extends Changeable {
  readonly given: 'ready' | 'own';
  readonly family: string;
  readonly text: string;
  readonly product: string;
  readonly id: string;
  readonly node: string;
  readonly instrument: string;
  readonly nav: string;
  readonly units: string;
  /** UTC, as the browser's field gives it; empty is now. */
  readonly opens: string;
}

export type Field = keyof Draft;

export const NONE: ReadonlySet<Field> = new Set();

export const EMPTY: Draft = {
  given: 'ready',
  family: '',
  text: '',
  product: '',
  id: '',
  node: '',
  instrument: '',
  nav: '100',
  units: '',
  opens: '',
  tick: '0.0001',
  hedge: '',
  automatic: '',
  published: false,
  market: '',
  maker: '',
  taker: '',
  disclosed: false,
};

const HELD: Readonly<Record<Terms['exposure'], { kind: Instrument['kind']; inverse: boolean }>> = {
  spot: { kind: 'spot', inverse: false },
  perpetual: { kind: 'perpetual', inverse: false },
  inverse: { kind: 'perpetual', inverse: true },
  future: { kind: 'future', inverse: false },
};

const LINEAR = new Set<Instrument['kind']>(['perpetual', 'future']);

/** The terms that hold at an instant; undefined before the first ones. */
export function termsAt(product: Product, instant: Date): Terms | undefined {
  return product.terms.findLast((one) => new Date(one.since) <= instant);
}

/** The instruments that the rules can be held in, those of the product's underlying first. */
export function fitting(instruments: readonly Instrument[], exposure: Terms['exposure'], isUnderlying: (base: string) => boolean): readonly Instrument[] {
  const held = instruments.filter((one) => one.kind === HELD[exposure].kind && one.inverse === HELD[exposure].inverse);
  return [...held.filter((one) => isUnderlying(one.base)), ...held.filter((one) => !isUnderlying(one.base))];
}

/** Whether a product that is held in the instrument can be traded for: linear contracts alone are. */
export const isHedgeable = (instrument: Instrument): boolean => LINEAR.has(instrument.kind) && !instrument.inverse;

/** The spot markets on which units may be traded: those in the asset in which NAV is told. */
export const unitMarkets = (instruments: readonly Instrument[], quote: string): readonly Instrument[] => instruments.filter((one) => one.kind === 'spot' && one.quote === quote);

const plain = (text: string): string => text.replace(/[\s,]/g, '');

/** Whether a text is a number, and what it is to zero suits. */
const isNumber = (text: string, suits: (toZero: number) => boolean): boolean => isDecimal(plain(text)) && suits(compare(plain(text), '0'));

const isAboveZero = (text: string): boolean => isNumber(text, (toZero) => toZero > 0);

const isFee = (text: string): boolean => text === '' || (isDecimal(plain(text)) && compare(plain(text), '-100') > 0 && compare(plain(text), '100') < 0);

/** The fields of what may be changed that cannot be sent as they stand. */
export function wrongChanges(typed: Changeable): ReadonlySet<Field> {
  const wrong: Field[] = isAboveZero(typed.tick) ? [] : ['tick'];
  if (typed.automatic !== '' && !isNumber(typed.automatic, (toZero) => toZero >= 0)) wrong.push('automatic');
  if (!isFee(typed.maker)) wrong.push('maker');
  if (!isFee(typed.taker)) wrong.push('taker');
  return new Set(wrong);
}

/** What a product is called here where nobody says otherwise. */
export const idOf = (draft: Draft): string => draft.id || slug(draft.product);

/** When it opens; null where what is typed is no time. */
export const opening = (draft: Draft, now: Date): string | null => (draft.opens === '' ? now.toISOString() : instantOf(draft.opens));

/** What a draft names, as it was found; undefined where there is none. */
export interface Chosen {
  readonly product: Product | undefined;
  readonly terms: Terms | undefined;
  readonly instrument: Instrument | undefined;
}

/** The fields that cannot be sent as they stand. */
export function wrongFields(draft: Draft, chosen: Chosen): ReadonlySet<Field> {
  const wrong: Field[] = [...wrongChanges(draft)];
  if (chosen.product === undefined) wrong.push('product');
  else if (chosen.terms === undefined) wrong.push('opens');
  if (!SLUG.test(idOf(draft))) wrong.push('id');
  if (draft.node === '') wrong.push('node');
  if (chosen.instrument === undefined) wrong.push('instrument');
  if (!isAboveZero(draft.nav)) wrong.push('nav');
  if (!isAboveZero(draft.units)) wrong.push('units');
  return new Set(wrong);
}

/** What may be changed of a listing, as it is typed. */
export function changeableOf(listing: Listing): Changeable {
  const percent = (share: string | null | undefined) => (share ? shift(share, 2) : '');
  return {
    tick: listing.tick,
    hedge: listing.hedge_account ?? '',
    automatic: listing.automatic_up_to ?? '',
    published: listing.published_rates,
    market: listing.traded_as ?? '',
    maker: percent(listing.maker_fee),
    taker: percent(listing.taker_fee),
    disclosed: listing.disclosed,
  };
}

/** The listing with what was changed; only of what has no wrong field. */
export function changed(listing: Listing, typed: Changeable): Listing {
  const share = (percent: string) => (percent === '' ? null : shift(plain(percent), -2));
  return {
    ...listing,
    tick: plain(typed.tick),
    hedge_account: typed.hedge || null,
    automatic_up_to: typed.hedge && typed.automatic !== '' ? plain(typed.automatic) : null,
    published_rates: typed.published,
    traded_as: typed.market || null,
    maker_fee: share(typed.maker),
    taker_fee: share(typed.taker),
    disclosed: typed.disclosed,
  };
}

/** What is sent of a new product; only of what has no wrong field. */
export function listingOf(draft: Draft, product: Product, opened_at: string): Listing {
  const bare = {
    id: idOf(draft),
    node: draft.node,
    product,
    instrument: draft.instrument,
    opened_at,
    opening_nav: plain(draft.nav),
    opening_units: plain(draft.units),
  };
  return changed({ ...bare, tick: draft.tick, published_rates: false, disclosed: false }, draft);
}
