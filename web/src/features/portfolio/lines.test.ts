import { expect, it } from 'vitest';
import type { HeldLine } from '@/api/schema';
import { bySize, grouped, matching } from './lines';

function line(name: string, value: string | null, venue = 'okx'): HeldLine {
  return {
    node: 'carry', kind: 'balance', subject: name, name, account: 'desk', venue, wallet: 'main', tag: null, quantity: '1', price: null, quote: null,
    value, exposure: value, gross: null, unrealised: null, coverage: null, price_source: '', snapshot_at: null, quoted_at: null, evidence: [], notes: [],
  };
}

it('a large short comes before a small long, and the unknown last', () => {
  const found = bySize([line('A', '5'), line('B', null), line('C', '-90')]);
  expect(found.map((one) => one.name)).toEqual(['C', 'A', 'B']);
});

it('sums are exact and say how many lines they leave out', () => {
  const [group] = grouped([line('BTC', '0.1'), line('BTC', '0.2'), line('BTC', null)], 'asset');
  expect(group).toMatchObject({ key: 'BTC', value: '0.3', lines: 3, unpriced: 1 });
});

it('a group of unknowns is unknown, not zero', () => {
  expect(grouped([line('X', null)], 'asset')[0]?.value).toBeNull();
});

it('a word is looked for in every name of a line', () => {
  expect(matching([line('BTC', '1', 'binance'), line('ETH', '1')], 'BINA')).toHaveLength(1);
});
