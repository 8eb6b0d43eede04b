import { expect, it } from 'vitest';
import type { NavLineAnswer, RunFigures } from '@/api/schema';
import { describe as name, select, total } from './selection';

function line(values: Partial<NavLineAnswer['line']>, fund = 'atlas'): NavLineAnswer {
  return {
    fund,
    line: {
      node: 'sma-1',
      account: 'binance-main',
      wallet: 'spot',
      subject: 'iso4217:USD',
      kind: 'balance',
      tag: null,
      quantity: '1',
      entry_price: null,
      price: '1',
      quote: null,
      price_usd: '1',
      value_usd: '1',
      exposure_usd: '1',
      gross_exposure_usd: '1',
      unrealised_usd: null,
      coverage: 'api',
      price_source: 'vendor last',
      snapshot_at: null,
      quoted_at: null,
      evidence: [],
      notes: [],
      ...values,
    },
  };
}

const figures: RunFigures = {
  funds: [],
  places: [{ account: 'binance-main', title: 'Binance main', venue: 'binance' }],
  labels: [{ subject: 'btc', label: 'BTC' }],
};
const nothing = { fund: null, node: null, venue: null, only: null, text: '' } as const;
const lines = name(
  [
    line({ subject: 'btc', value_usd: '10.1' }),
    line({ subject: 'debt', value_usd: '-20.2' }),
    line({ subject: 'lp', value_usd: null, coverage: 'missing' }),
    line({ kind: 'holding', account: 'atlas', wallet: '', subject: 'atlas-m', value_usd: '5' }, 'tide'),
  ],
  figures,
  (id) => id.toUpperCase(),
);

it('what is unknown comes first, then the largest, debts by their size', () => {
  expect(select(lines, nothing).map((one) => one.label)).toEqual(['lp', 'debt', 'BTC']);
});

it('a holding counts in its own fund alone, else it is looked through', () => {
  expect(select(lines, { ...nothing, fund: 'tide' }).map((one) => one.where)).toEqual(['ATLAS']);
});

it('the search reads labels, places and venues', () => {
  expect(select(lines, { ...nothing, text: ' btc ' })).toHaveLength(1);
  expect(select(lines, { ...nothing, text: 'binance main · spot' })).toHaveLength(3);
  expect(select(lines, { ...nothing, only: 'unpriced' })).toHaveLength(1);
});

it('a sum names what it leaves out', () => expect(total(select(lines, nothing))).toEqual({ value: '-10.1', unknown: 1 }));
