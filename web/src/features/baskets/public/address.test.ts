import { expect, it } from 'vitest';
import { publicPlace } from '../../products/public/address';
import { basketPlace } from './address';

it('knows the public page of a basket product, and no other', () => {
  expect(basketPlace('/public/house/baskets/trio')).toEqual({ tenant: 'house', product: 'trio' });
  expect(publicPlace('/public/house/baskets/trio')).toBeNull();
  for (const path of ['/public/house/trio', '/baskets/trio', '/public/house/baskets']) expect(basketPlace(path)).toBeNull();
});
