// From groups to the lines of a table: open ones show what is below them, and no line moves while figures do.
import type { Pivot } from './pivot';

export interface Line {
  readonly group: number;
  /** The names from the top, as one text: the same line in the next pivot. */
  readonly path: string;
  readonly name: string;
  readonly depth: number;
  readonly leaf: boolean;
  readonly open: boolean;
}

const SEPARATOR = '\u001f';

/** The places of lines as they were first shown: by size then, unchanged by ticks. */
export type Order = Map<string, number>;

/** The lines to show, parents before children; new ones come after those that were there before. */
export function linesOf(pivot: Pivot, opened: ReadonlySet<string>, order: Order): Line[] {
  const width = pivot.columns.length + 1;
  const children = new Map<number, number[]>();
  for (let group = 1; group < pivot.parent.length; group += 1) {
    const parent = pivot.parent[group] as number;
    const list = children.get(parent);
    if (list) list.push(group);
    else children.set(parent, [group]);
  }
  const size = (group: number) => Math.abs(pivot.sums[group * width + width - 1] as number);
  const lines: Line[] = [];
  const walk = (parent: number, above: string) => {
    const placed = (children.get(parent) ?? []).map((group) => ({ group, path: above === '' ? (pivot.name[group] as string) : `${above}${SEPARATOR}${pivot.name[group]}` }));
    const fresh = placed.filter(({ path }) => !order.has(path)).sort((one, other) => size(other.group) - size(one.group));
    for (const { path } of fresh) order.set(path, order.size);
    placed.sort((one, other) => (order.get(one.path) as number) - (order.get(other.path) as number));
    for (const { group, path } of placed) {
      const leaf = pivot.depth[group] === pivot.rows.length;
      const open = !leaf && opened.has(path);
      lines.push({ group, path, name: pivot.name[group] as string, depth: pivot.depth[group] as number, leaf, open });
      if (open) walk(group, path);
    }
  };
  walk(0, '');
  return lines;
}
