import { describe, expect, it } from 'vitest';
import type { Node } from '@/api/schema';
import { hangingOn, inwards, leaves, mayMove, outwards, rowsOf, slugOf } from './shape';

const node = (id: string, parent: string | null = null): Node => ({ id, name: id, kind: parent ? 'strategy' : 'fund', parent });
const NODES = [node('b', 'fund'), node('a', 'fund'), node('fund'), node('deep', 'b')];

describe('the tree', () => {
  it('is walked parents first, siblings by id', () => {
    expect(rowsOf(NODES).map((row) => [row.node.id, row.depth])).toEqual([['fund', 0], ['a', 1], ['b', 1], ['deep', 2]]);
  });
  it('lets no node hang below itself, nor where it hangs already', () => {
    expect(mayMove(NODES, 'b', 'deep')).toBe(false);
    expect(mayMove(NODES, 'b', 'b')).toBe(false);
    expect(mayMove(NODES, 'b', 'fund')).toBe(false);
    expect(mayMove(NODES, 'deep', 'a')).toBe(true);
    expect(mayMove(NODES, 'deep', null)).toBe(true);
  });
  it('moves in below the sibling before, and out beside the parent', () => {
    expect(inwards(rowsOf(NODES), 'b')).toBe('a');
    expect(inwards(rowsOf(NODES), 'a')).toBeUndefined();
    expect(outwards(NODES, 'deep')).toBe('fund');
    expect(outwards(NODES, 'b')).toBeNull();
    expect(outwards(NODES, 'fund')).toBeUndefined();
  });
  it('feeds leaves', () => {
    expect(leaves(NODES).map((one) => one.id)).toEqual(['a', 'deep']);
  });
  it('names what hangs on a node before it can go', () => {
    const shares = { id: 'a', name: 'Class A', fund: 'fund', currency: 'iso4217:USD', management_fee_rate: '0', day_count: 365 };
    const rule = { account: 'okx-1', rank: 2, node: 'b', selector: { is: 'share', share: '1' } } as const;
    expect(hangingOn('fund', NODES, [shares], [rule])).toEqual(['b', 'a', 'Class A']);
    expect(hangingOn('b', NODES, [shares], [rule])).toEqual(['deep', 'okx-1#2']);
    expect(hangingOn('deep', NODES, [shares], [rule])).toEqual([]);
  });
  it('makes identifiers from names', () => {
    expect(slugOf(' Basis & Carry (EU) ')).toBe('basis-carry-eu');
    expect(slugOf('套利')).toBe('');
  });
});
