// The parts of a return, for tables and bridges.
import type { Explanation } from '@/api/schema';
import { add, compare, fixed, shift, sign } from '@/lib/decimal';
import type { Step } from '@/ui/chart/Waterfall';

export type PartName = keyof Explanation['parts'];

const ORDER: readonly PartName[] = ['leverage', 'compounding', 'financing', 'fees', 'costs', 'gap', 'deficit'];
const ALWAYS: readonly PartName[] = ['leverage', 'compounding'];

/** The parts that are something, in their order. */
export function partsOf(explained: Explanation): readonly (readonly [PartName, string])[] {
  return ORDER.flatMap((name) => {
    const value = explained.parts[name];
    return ALWAYS.includes(name) || sign(value) !== 0 ? [[name, value] as const] : [];
  });
}

interface Labels {
  readonly start: string;
  readonly end: string;
  readonly label: (name: PartName) => readonly string[];
}

const DRAWN = 10; // decimals of a bridge: what is left beyond them has no direction to be drawn in

/** How many decimals show that a return is not nothing: two, or four where it is below a thousandth. */
export function placesOf({ product }: Explanation): number {
  return compare(product.replace('-', ''), '0.001') < 0 ? 4 : 2;
}

/** A bridge from 100 to what became of it. */
export function stepsOf(explained: Explanation, { start, end, label }: Labels): readonly Step[] {
  return [
    { label: [start], value: '100', total: true },
    ...partsOf(explained).map(([name, value]) => ({ label: label(name), value: fixed(shift(value, 2), DRAWN) })),
    { label: [end], value: add('100', fixed(shift(explained.product, 2), DRAWN)), total: true },
  ];
}
