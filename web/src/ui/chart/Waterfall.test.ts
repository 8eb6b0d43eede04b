import { expect, it } from 'vitest';
import { barsOf } from './Waterfall';

it('the last step of a bridge meets the closing total to the last digit', () => {
  const bars = barsOf([
    { label: ['18 Nov'], value: '299546817.017216883926960318', total: true },
    { label: ['Price'], value: '-10.461493244710766336' },
    { label: ['Fees'], value: '-6.590251356021674353' },
    { label: ['Now'], value: '299546799.965472283194519629', total: true },
  ]);
  expect(bars[1]?.from).toBe('299546817.017216883926960318');
  expect(bars[2]?.to).toBe('299546799.965472283194519629');
  expect(bars[3]?.from).toBe(bars[3]?.to);
});
