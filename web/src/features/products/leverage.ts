// Leverage of a unit at another price; for drawing only.
import type { Disclosure } from '@/api/schema';
import { forDrawing } from '@/lib/decimal';

export function leverageAt(unit: Pick<Disclosure, 'position' | 'cash'>, price: number): number {
  const exposure = forDrawing(unit.position) * price;
  return Math.abs(exposure / (exposure + forDrawing(unit.cash)));
}
