// A bridge: from the NAV before, part by part, to this one. Every sum is exact.
import type { NavBridge } from '@/api/schema';
import { add, subtract } from '@/lib/decimal';

export const PARTS = ['price', 'funding', 'fee', 'flow', 'manual', 'correction', 'unexplained'] as const;
export type Part = (typeof PARTS)[number];

export function partValue(bridge: NavBridge, part: Part): string {
  return bridge[`${part}_usd`];
}

/** Closing less opening and all parts: zero where the bridge adds up to the digit. */
export function remainder(bridge: NavBridge): string {
  const parts = PARTS.reduce((sum, part) => add(sum, partValue(bridge, part)), bridge.opening_nav_usd);
  return subtract(bridge.closing_nav_usd, parts);
}
