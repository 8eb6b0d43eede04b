import { expect, test } from 'vitest';
import { publicPlace } from './address';

test('the public page of a product is known by its address, and every other page is none', () => {
  expect(publicPlace('/public/house/btc3l')).toEqual({ tenant: 'house', product: 'btc3l' });
  expect(publicPlace('/public/house')).toBeNull();
  expect(publicPlace('/products/btc3l')).toBeNull();
  expect(publicPlace('/public/house/btc3l/more')).toBeNull();
});
