import { expect, it } from 'vitest';
import type { NavBridge } from '@/api/schema';
import { sign } from '@/lib/decimal';
import { remainder } from './bridge';

const bridge: NavBridge = {
  previous_as_of: '2026-11-21T00:00:00Z',
  opening_nav_usd: '299528021.298604586277586294',
  price_usd: '19323.53444733455604124',
  funding_usd: '0',
  fee_usd: '-543.527209025962659642',
  flow_usd: '0',
  manual_usd: '0',
  correction_usd: '0',
  unexplained_usd: '-0.000000000000000001',
  closing_nav_usd: '299546801.305842894870967891',
  unmatched_flow_usd: '0',
};

it('the bridge adds up to the last digit', () => expect(sign(remainder(bridge))).toBe(0));

it('a digit too many anywhere is seen', () => {
  expect(remainder({ ...bridge, price_usd: '19323.534447334556041241' })).toBe('-0.000000000000000001');
});
