import { describe, expect, test } from 'vitest';
import { Problem } from '@/api/client';
import { sign } from '@/lib/decimal';
import { CALM, describedOf, formOf, fraction, placeOf } from './data';
import { partsOf, placesOf, stepsOf } from './parts';

describe('a path as it is typed', () => {
  test('per cent become exact fractions', () => {
    expect(fraction('-12.5')).toBe('-0.125');
    expect(fraction('0.1')).toBe('0.001');
  });
  test('what is no number is left for the API to refuse', () => {
    expect(fraction('much')).toBe('much');
  });
  test('a steady way has no swing', () => {
    expect(describedOf(CALM).swing).toBe('0');
    expect(describedOf({ ...CALM, trend: 'jump' }).swing).toBe('-0.30');
  });
});

test('files that were not chosen are not sent', () => {
  const question = { rules: ['hbtc:BTC3L'], text: null, manner: { nav: '100', last_rules: true, continuous: false, points: 600 }, reading: { zone: null, symbol: null, start: null, end: null } };
  const prices = new File(['time,price'], 'prices.csv');
  const funding = new File(['time,rate'], 'funding.csv');
  expect([...formOf({ prices, funding: null, rolls: null }, question).keys()]).toEqual(['question', 'file']);
  const form = formOf({ prices, funding, rolls: null }, question);
  expect([...form.keys()]).toEqual(['question', 'file', 'funding']);
  expect((form.get('funding') as File).name).toBe('funding.csv');
  expect(JSON.parse(form.get('question') as string)).toEqual(question);
});

describe('where a refusal is shown', () => {
  const refused = (code: string) => new Problem({ type: `urn:truenav:problem:${code}`, title: '', status: 422, detail: '' });
  test('beside the field that it is about', () => {
    expect(placeOf(refused('product-file'))).toBe('rules');
    expect(placeOf(refused('price-file'))).toBe('prices');
    expect(placeOf(refused('overloaded'))).toBe('other');
    expect(placeOf(null)).toBeNull();
  });
});

const EXPLAINED = {
  start: '2026-01-01T00:00:00Z',
  end: '2026-01-02T00:00:00Z',
  nav_before: '100',
  nav_after: '87',
  underlying: '-0.04',
  product: '-0.13',
  parts: { leverage: '-0.12', compounding: '0', financing: '0', fees: '-0.0003', costs: '-0.0097', gap: '0', deficit: '0' },
  scheduled: 1,
  triggered: 0,
  turnover: '0.5',
};

describe('the parts of a return', () => {
  test('what is nothing is left out, leverage and compounding stay', () => {
    expect(partsOf(EXPLAINED).map(([name]) => name)).toEqual(['leverage', 'compounding', 'fees', 'costs']);
  });
  test('a bridge goes from 100 to the end, exactly', () => {
    const steps = stepsOf(EXPLAINED, { start: 'Start', end: 'End', label: (name) => [name] });
    expect(steps.map((step) => Number(step.value))).toEqual([100, -12, 0, -0.03, -0.97, 87]);
  });
  test('what is left beyond ten decimals has no direction', () => {
    const nearly = { ...EXPLAINED, parts: { ...EXPLAINED.parts, compounding: '-0.00000000000000000001' } };
    expect(sign(stepsOf(nearly, { start: '', end: '', label: () => [] })[2]?.value ?? '1')).toBe(0);
  });
  test('a return below a thousandth is shown with more decimals', () => {
    expect([placesOf(EXPLAINED), placesOf({ ...EXPLAINED, product: '-0.00005' })]).toEqual([2, 4]);
  });
});
