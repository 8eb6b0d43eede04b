import { describe, expect, it } from 'vitest';
import { EMPTY, limitsOf, typedOf, wrongFields } from './limits';

const LIMITS = {
  account: 'desk',
  instruments: ['binance-usdm:BTCUSDT'],
  quote: 'tether:usdt',
  order_notional: '500000',
  day_notional: '2000000.50',
  position_notional: '1000000',
  collar: '0.025',
};

describe('limits', () => {
  it('come back as they were, the collar typed in per cent', () => {
    expect(typedOf(LIMITS).collar).toBe('2.5');
    expect(limitsOf('desk', typedOf(LIMITS))).toEqual(LIMITS);
  });

  it('take numbers with the blanks and commas of a copied figure, exactly', () => {
    const typed = { ...typedOf(LIMITS), order_notional: ' 1,234,567.89 ', collar: '0.1' };
    expect(wrongFields(typed).size).toBe(0);
    expect(limitsOf('desk', typed)).toMatchObject({ order_notional: '1234567.89', collar: '0.001' });
  });

  it('name each field that limits nothing', () => {
    expect([...wrongFields(EMPTY)]).toEqual(['order_notional', 'day_notional', 'position_notional', 'quote']);
    for (const collar of ['0', '100', '-1', 'NaN', '']) expect(wrongFields({ ...typedOf(LIMITS), collar })).toEqual(new Set(['collar']));
    for (const wrong of ['0', '-5', '1e5', 'much']) expect(wrongFields({ ...typedOf(LIMITS), day_notional: wrong })).toEqual(new Set(['day_notional']));
  });
});
