import { describe, expect, it } from 'vitest';
import type { Instrument, Listing, Product } from '@/api/schema';
import { EMPTY, changeableOf, changed, fitting, idOf, isHedgeable, listingOf, opening, termsAt, wrongChanges, wrongFields, type Draft } from './draft';

const PRODUCT = {
  id: 'BTC3L',
  issuer: 'Nobody',
  underlying: 'BTC',
  quote: 'USDT',
  terms: [
    { since: '2020-01-01T00:00:00Z', target: '3', exposure: 'perpetual' },
    { since: '2025-06-01T00:00:00Z', target: '2', exposure: 'spot' },
  ],
} as unknown as Product;

const NOTHING = { product: undefined, terms: undefined, instrument: undefined };

const LISTING: Listing = {
  id: 'btc3l',
  node: 'desk',
  product: PRODUCT,
  instrument: 'v:BTC',
  opened_at: '2025-01-01T08:00:00.000Z',
  opening_nav: '100',
  opening_units: '10000',
  tick: '0.0001',
  hedge_account: 'long',
  automatic_up_to: '4000000',
  disclosed: true,
  published_rates: true,
  traded_as: 'v:BTC3L',
  maker_fee: '-0.0001',
  taker_fee: '0.0005',
};

const DRAFT: Draft = { ...EMPTY, product: 'BTC3L', node: 'desk', instrument: 'v:BTC', units: ' 1,000.5 ' };

function instrument(id: string, kind: Instrument['kind'], base: string, inverse = false): Instrument {
  return { id, kind, base, inverse, quote: 'usdt' } as Instrument;
}

describe('a listing', () => {
  it('comes back as it was, its fees typed in per cent', () => {
    const typed = changeableOf(LISTING);
    expect([typed.maker, typed.taker]).toEqual(['-0.01', '0.05']);
    expect(changed(LISTING, typed)).toEqual(LISTING);
  });

  it('that is no longer hedged executes nothing by itself', () => {
    const typed = { ...changeableOf(LISTING), hedge: '' };
    expect(changed(LISTING, typed)).toMatchObject({ hedge_account: null, automatic_up_to: null });
  });

  it('of a draft opens now, under the small letters of its product, with exact numbers', () => {
    const now = new Date('2025-01-01T08:00:00Z');
    const chosen = { product: PRODUCT, terms: termsAt(PRODUCT, now), instrument: instrument('v:BTC', 'perpetual', 'BTC') };
    expect(wrongFields(DRAFT, chosen).size).toBe(0);
    expect(wrongFields(DRAFT, { ...chosen, terms: undefined })).toEqual(new Set(['opens']));
    expect(listingOf(DRAFT, PRODUCT, opening(DRAFT, now) ?? '')).toMatchObject({ id: 'btc3l', opened_at: '2025-01-01T08:00:00.000Z', opening_units: '1000.5', hedge_account: null, maker_fee: null });
    expect(opening({ ...DRAFT, opens: '2025-02-01T00:02' }, now)).toBe('2025-02-01T00:02:00.000Z');
    expect(opening({ ...DRAFT, opens: 'soon' }, now)).toBeNull();
    expect(idOf({ ...DRAFT, product: '1X Short Bitcoin Token' })).toBe('1x-short-bitcoin-token');
  });
});

describe('wrong fields', () => {
  it('are all that is missing of an empty draft', () => {
    expect(wrongFields(EMPTY, NOTHING)).toEqual(new Set(['product', 'id', 'node', 'instrument', 'units']));
  });

  it('are numbers that mean nothing', () => {
    for (const tick of ['0', '-1', 'x', '']) expect(wrongChanges({ ...EMPTY, tick })).toEqual(new Set(['tick']));
    for (const automatic of ['-1', '1e6']) expect(wrongChanges({ ...EMPTY, automatic })).toEqual(new Set(['automatic']));
    expect(wrongChanges({ ...EMPTY, automatic: '0' }).size).toBe(0);
    for (const taker of ['100', '-100', 'free']) expect(wrongChanges({ ...EMPTY, taker })).toEqual(new Set(['taker']));
    expect(wrongFields({ ...DRAFT, id: 'No Capitals' }, NOTHING).has('id')).toBe(true);
  });
});

describe('the rules', () => {
  it('that hold are the last ones that have begun', () => {
    expect(termsAt(PRODUCT, new Date('2019-12-31T00:00:00Z'))).toBeUndefined();
    expect(termsAt(PRODUCT, new Date('2025-05-31T23:59:59Z'))?.target).toBe('3');
    expect(termsAt(PRODUCT, new Date('2025-06-01T00:00:00Z'))?.target).toBe('2');
  });

  it('are held in instruments of their kind, those of the underlying first', () => {
    const every = [instrument('eth', 'perpetual', 'ETH'), instrument('btc', 'perpetual', 'BTC'), instrument('coin', 'perpetual', 'BTC', true), instrument('spot', 'spot', 'BTC')];
    const ids = (exposure: 'perpetual' | 'inverse') => fitting(every, exposure, (base) => base === 'BTC').map((one) => one.id);
    expect(ids('perpetual')).toEqual(['btc', 'eth']);
    expect(ids('inverse')).toEqual(['coin']);
    expect(every.filter(isHedgeable).map((one) => one.id)).toEqual(['eth', 'btc']);
  });
});
