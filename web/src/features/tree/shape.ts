// The tree as rows, and where a node may go. Pure; the server has the last word.
import type { Node, ShareClass, SubBookRule } from '@/api/schema';

export interface Row {
  readonly node: Node;
  readonly depth: number;
}

/** Parents before children, siblings by id, as the server walks them. */
export function rowsOf(nodes: readonly Node[]): Row[] {
  const below = new Map<string | null, Node[]>();
  for (const node of [...nodes].sort((one, other) => (one.id < other.id ? -1 : 1))) {
    const parent = node.parent ?? null;
    below.set(parent, [...(below.get(parent) ?? []), node]);
  }
  const walk = (parent: string | null, depth: number): Row[] =>
    (below.get(parent) ?? []).flatMap((node) => [{ node, depth }, ...walk(node.id, depth + 1)]);
  return walk(null, 0);
}

/** The node itself and everything below it. */
export function subtree(nodes: readonly Node[], id: string): ReadonlySet<string> {
  const found = new Set([id]);
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const node of nodes) if (node.parent && found.has(node.parent)) found.add(node.id);
  }
  return found;
}

/** Whether a node can hang below another (null: on top): not below itself, and not where it is already. */
export function mayMove(nodes: readonly Node[], id: string, parent: string | null): boolean {
  const node = nodes.find((one) => one.id === id);
  if (!node || (node.parent ?? null) === parent) return false;
  return parent === null || !subtree(nodes, id).has(parent);
}

/** One level in: below the sibling before it; undefined where there is none. */
export function inwards(rows: readonly Row[], id: string): string | undefined {
  const place = rows.findIndex((row) => row.node.id === id);
  const own = rows[place];
  if (!own) return undefined;
  return rows
    .slice(0, place)
    .filter((row) => (row.node.parent ?? null) === (own.node.parent ?? null))
    .at(-1)?.node.id;
}

/** One level out: beside its parent (null: on top); undefined where it is on top already. */
export function outwards(nodes: readonly Node[], id: string): string | null | undefined {
  const parent = nodes.find((one) => one.id === nodes.find((node) => node.id === id)?.parent);
  return parent ? (parent.parent ?? null) : undefined;
}

export const isFund = (node: Node): boolean => node.kind === 'fund' || node.kind === 'fund_of_funds';

/** Nodes without children: what a rule can feed. */
export function leaves(nodes: readonly Node[]): Node[] {
  const parents = new Set(nodes.map((node) => node.parent));
  return nodes.filter((node) => !parents.has(node.id));
}

/** What hangs on a node and must go before it: names of nodes and classes, identities of rules. */
export function hangingOn(id: string, nodes: readonly Node[], classes: readonly ShareClass[], rules: readonly SubBookRule[]): string[] {
  return [
    ...nodes.filter((one) => one.parent === id).map((one) => one.name),
    ...classes.filter((one) => one.fund === id).map((one) => one.name),
    ...rules.filter((one) => one.node === id).map((one) => `${one.account}#${one.rank}`),
  ];
}

/** An identifier made from a name; empty where the name has no Latin letters or digits. */
export function slugOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64);
}
