import { expect, test } from 'vitest';
import { FIRST, only, put, shapeOf, take, withShape, type Shape } from './shape';

test('a shape goes through the address and back, whatever its members are called', () => {
  const shape: Shape = { rows: ['fund', 'side'], columns: ['venue'], value: 'pnl', filters: { asset: ['BTC', 'a,b~c', ''] } };
  const params = withShape(new URLSearchParams('fund=tide&rows=asset'), shape);
  expect(params.get('fund')).toBe('tide');
  expect(shapeOf(new URLSearchParams(params.toString()))).toEqual(shape);
});

test('an address that names nothing, or nonsense, gives the first shape', () => {
  expect(shapeOf(new URLSearchParams())).toEqual(FIRST);
  expect(shapeOf(new URLSearchParams('rows=asset,fund&columns=product,fund&value=__proto__&only=constructor~x'))).toEqual(FIRST);
});

test('a dimension stands in one place only', () => {
  expect(put(FIRST, 'product', 'rows', 0)).toMatchObject({ rows: ['product', 'asset', 'fund'], columns: [] });
  expect(put(FIRST, 'fund', 'rows', 0).rows).toEqual(['fund', 'asset']);
  expect(put(FIRST, 'asset', 'rows', 2).rows).toEqual(['fund', 'asset']);
  expect(put(FIRST, 'asset', 'columns')).toMatchObject({ rows: ['fund'], columns: ['asset'] });
  expect(take(FIRST, 'asset').rows).toEqual(['fund']);
});

test('a filter without members is no filter', () => {
  expect(only(only(FIRST, 'asset', ['BTC']), 'asset', []).filters).toEqual({});
});
