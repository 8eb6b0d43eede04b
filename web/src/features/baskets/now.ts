// What of a product holds now: the terms of a day, and a value that is still one.
import type { BasketListing, InavView } from '@/api/schema';

type Terms = BasketListing['product']['terms'][number];

/** A value comes every 15 seconds; after a minute without one the last is no indication. */
const PRESENT_MS = 60_000;

/** The terms in force on a day (UTC); before the first ones, these. */
export function termsOf({ product }: BasketListing, now: Date): Terms | undefined {
  const day = now.toISOString().slice(0, 10);
  return product.terms.findLast((one) => one.since <= day) ?? product.terms[0];
}

/** The newest value, if it is of the last minute. */
export function presentOf(points: readonly InavView[] | undefined, now: Date): InavView | undefined {
  const last = points?.at(-1);
  return last && now.getTime() - new Date(last.at).getTime() <= PRESENT_MS ? last : undefined;
}
