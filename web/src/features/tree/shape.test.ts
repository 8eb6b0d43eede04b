import { describe, expect, it } from 'vitest';
import type { Node } from '@/api/schema';
import { inwards, leaves, mayMove, outwards, rowsOf, slugOf } from './shape';

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
  it('makes identifiers from names', () => {
    expect(slugOf(' Basis & Carry (EU) ')).toBe('basis-carry-eu');
    expect(slugOf('套利')).toBe('');
  });
});
