// What every page is seen by: fund, numeraire and time, kept in the address so that a link shows the same.
import { useCallback } from 'react';
import { useSearchParams } from 'react-router';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, ask, askAll } from '@/api/client';
import type { NodeDefinition } from '@/api/schema';
import { keep, kept } from './keep';
import { useMe } from './session';

export interface View {
  /** Null while the tree is first read, or where it is empty. */
  readonly fund: string | null;
  readonly numeraire: string;
  /** RFC 3339; null is now. */
  readonly asOf: string | null;
  /** RFC 3339: with what was recorded by then; null is with all that is known. */
  readonly knownAt: string | null;
}

/** A moment as the API is asked for it; empty is now. */
export interface Moment {
  readonly as_of?: string;
  readonly known_at?: string;
}

const FUNDS = new Set<string>(['fund', 'fund_of_funds']);

/** The nodes of the portfolio tree, in the order of the API. */
export const tree = queryOptions({
  queryKey: ['nodes'],
  queryFn: () => askAll<NodeDefinition>((cursor) => api.GET('/api/v1/nodes', { params: { query: { limit: 500, cursor } } })),
  staleTime: 60_000,
});

export const useNodes = () => useQuery(tree);

/** Funds whose every figure the user sees, those on top first. */
export function useFunds(): readonly NodeDefinition[] {
  const { data = [] } = useNodes();
  const seen = seenWhole(data, useMe().scope.nodes);
  const isTop = (node: NodeDefinition) => !seen.some((one) => one.id === node.body.parent);
  return [...seen.filter(isTop), ...seen.filter((node) => !isTop(node))].filter((node) => !node.body.parent || FUNDS.has(node.body.kind));
}

/** Whether every figure of a node is seen. */
export function useSeesWhole(): (node: string) => boolean {
  const { data = [] } = useNodes();
  const seen = new Set(seenWhole(data, useMe().scope.nodes).map((one) => one.id));
  return (node) => seen.has(node);
}

/** All nodes, or for who sees parts of the tree only, these with all below them and without what lies above. */
export function seenWhole(nodes: readonly NodeDefinition[], parts: readonly string[] | null): readonly NodeDefinition[] {
  if (parts === null) return nodes;
  const parents = new Map(nodes.map((node) => [node.id, node.body.parent]));
  const isSeen = (id: string | null | undefined): boolean => !!id && (parts.includes(id) || isSeen(parents.get(id)));
  return nodes.filter((node) => isSeen(node.id));
}

export function useNumeraires(): readonly string[] {
  const { data } = useQuery({
    queryKey: ['numeraires'],
    queryFn: () => ask(api.GET('/api/v1/numeraires', { params: { query: { limit: 500 } } })),
    staleTime: 300_000,
  });
  return data?.items.map((one) => one.body.code) ?? [];
}

export function useView(): View & { moment: Moment; change: (change: Partial<View>) => void } {
  const [params, setParams] = useSearchParams();
  const funds = useFunds();
  const last = kept('fund');
  // While the tree is on its way the last fund is believed, so that its figures are asked for at once.
  const remembered = funds.length === 0 || funds.some((one) => one.id === last) ? last : (funds[0]?.id ?? null);
  const change = useCallback(
    (next: Partial<View>) => {
      if (next.fund) keep('fund', next.fund);
      if (next.numeraire) keep('numeraire', next.numeraire);
      setParams((old) => {
        const params = new URLSearchParams(old);
        const put = (name: string, value: string | null | undefined) => {
          if (value === null) params.delete(name);
          else if (value !== undefined) params.set(name, value);
        };
        put('fund', next.fund);
        put('in', next.numeraire);
        put('as_of', next.asOf);
        put('known_at', next.knownAt);
        return params;
      });
    },
    [setParams],
  );
  const [asOf, knownAt] = [params.get('as_of'), params.get('known_at')];
  return {
    fund: params.get('fund') ?? remembered,
    numeraire: params.get('in') ?? kept('numeraire') ?? 'USD',
    asOf,
    knownAt,
    moment: { ...(asOf ? { as_of: asOf } : {}), ...(knownAt ? { known_at: knownAt } : {}) },
    change,
  };
}
