import { expect, it } from 'vitest';
import type { BasketListing } from '@/api/schema';
import { presentOf, termsOf } from './now';

const point = (at: string) => ({ at, per_share: '50', coverage: '1', market_price: null, premium: null });

it('takes the terms of the day, not those that begin later', () => {
  const listing = { product: { terms: [{ since: '2026-01-01' }, { since: '2026-11-25' }] } } as BasketListing;
  expect(termsOf(listing, new Date('2026-11-24T23:59:59Z'))?.since).toBe('2026-01-01');
  expect(termsOf(listing, new Date('2026-11-25T00:00:00Z'))?.since).toBe('2026-11-25');
  expect(termsOf(listing, new Date('2025-11-25T00:00:00Z'))?.since).toBe('2026-01-01');
});

it('calls no value present that is older than a minute', () => {
  const points = [point('2026-11-24T11:59:45Z'), point('2026-11-24T12:00:00Z')];
  expect(presentOf(points, new Date('2026-11-24T12:01:00Z'))?.at).toBe('2026-11-24T12:00:00Z');
  expect(presentOf(points, new Date('2026-11-24T12:01:01Z'))).toBeUndefined();
  expect(presentOf([], new Date())).toBeUndefined();
});
