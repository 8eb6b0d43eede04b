// The parts of a return, for tables and bridges; exact, so that the last step meets the end.
import type { Explanation } from '@/api/schema';
import { add, shift, sign } from '@/lib/decimal';
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

/** A bridge from 100 to what became of it. */
export function stepsOf(explained: Explanation, { start, end, label }: Labels): readonly Step[] {
  return [
    { label: [start], value: '100', total: true },
    ...partsOf(explained).map(([name, value]) => ({ label: label(name), value: shift(value, 2) })),
    { label: [end], value: add('100', shift(explained.product, 2)), total: true },
  ];
}
