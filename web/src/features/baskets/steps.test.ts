import { describe, expect, it } from 'vitest';
import type { OrderView } from '@/api/schema';
import { stepsOf } from './steps';

const BEFORE = new Date('2026-11-24T20:59:59Z');
const AFTER = new Date('2026-11-24T21:00:00Z');

function order(changed: Partial<OrderView>): OrderView {
  return {
    number: 1,
    order: { product: 'trio', participant: 'maker-one', client_id: 'one', side: 'create', units: 1, cash_for: [] },
    state: 'validated',
    received_at: '2026-11-24T10:00:00Z',
    dealing_day: '2026-11-24',
    settles_on: '2026-11-25',
    cut_off_at: '2026-11-24T21:00:00Z',
    shares: null,
    fee: null,
    due_in: [],
    due_out: [],
    due_at: null,
    seen: [],
    missing: [],
    substituted: [],
    late_days: 0,
    reasons: [],
    steps: [],
    ...changed,
  };
}

const names = (changed: Partial<OrderView>, now: Date) => stepsOf(order(changed), now).map(({ step }) => step);

describe('the steps of an order', () => {
  it('lets an order be taken back until the cut-off, and priced from it on', () => {
    expect(names({ state: 'accepted' }, BEFORE)).toEqual(['cancel']);
    expect(names({ state: 'accepted' }, AFTER)).toEqual(['price']);
  });

  it('offers settlement only when nothing is missing', () => {
    const missing = [{ number: '1', asset: 'iso4217:USD' }];
    expect(names({ state: 'delivery_pending', missing }, BEFORE)).toEqual(['deliver']);
    expect(names({ state: 'delivery_pending' }, BEFORE)).toEqual(['deliver', 'settle']);
  });

  it('offers the fail fee and giving up once delivery is late', () => {
    const due = { state: 'delivery_pending', due_at: '2026-11-24T21:00:00Z' } as const;
    expect(names(due, BEFORE)).not.toContain('fail');
    expect(names(due, AFTER)).toEqual(['deliver', 'settle', 'fail-fee', 'fail']);
  });

  it('offers to buy in what is late, and is no money', () => {
    const due = { state: 'delivery_pending', due_at: '2026-11-24T21:00:00Z', fee: { number: '250', asset: 'iso4217:USD' } } as const;
    const money = { number: '250', asset: 'iso4217:USD' };
    expect(names({ ...due, missing: [money] }, AFTER)).toEqual(['deliver', 'fail-fee', 'fail']);
    expect(names({ ...due, missing: [money, { number: '1', asset: 'x:btc' }] }, AFTER)).toContain('buy-in');
    expect(names({ ...due, missing: [{ number: '1', asset: 'x:btc' }] }, BEFORE)).toEqual(['deliver']);
  });

  it('offers the true-up of what was settled in cash, until it is known', () => {
    const cash = { asset: 'x:btc', cash: '100', true_up: null };
    expect(names({ state: 'settled', substituted: [cash] }, AFTER)).toEqual(['true-up']);
    expect(names({ state: 'settled', substituted: [{ ...cash, true_up: '-2' }] }, AFTER)).toEqual([]);
    expect(names({ state: 'delivery_pending', substituted: [cash] }, BEFORE)).toEqual(['deliver', 'settle']);
  });

  it('offers nothing after the end', () => {
    for (const state of ['settled', 'failed', 'rejected', 'cancelled'] as const) expect(names({ state }, AFTER)).toEqual([]);
  });
});
