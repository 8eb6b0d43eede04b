import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, ask } from '@/api/client';
import type { NodeDefinition } from '@/api/schema';
import { useMe } from '@/lib/session';
import { type Moment, useNodes, useView } from '@/lib/view';

export interface Place {
  /** From the root to the node itself. */
  readonly path: readonly NodeDefinition[];
  /** The fund whose valuation is shown: the chosen one where the node lies below it, else the root. */
  readonly fund: string;
  readonly node: string;
}

/** Where a node lies; null while the tree is being read or where there is no such node. */
export function usePlace(wanted: string | undefined): Place | null {
  const { data = [] } = useNodes();
  const view = useView();
  const parts = useMe().scope.nodes ?? [];
  const node = wanted ?? view.fund ?? (parts.length === 1 ? parts[0] : undefined);
  const byId = new Map(data.map((one) => [one.id, one]));
  const path: NodeDefinition[] = [];
  for (let at = node ? byId.get(node) : undefined; at && !path.includes(at); at = at.body.parent ? byId.get(at.body.parent) : undefined) {
    path.unshift(at);
  }
  const [root] = path;
  if (!root || !node) return null;
  const fund = path.some((one) => one.id === view.fund) ? view.fund : null;
  return { path, fund: fund ?? root.id, node };
}

/** The funds on top of the parts that somebody sees who does not see everything. */
export function useTopsOfParts(): readonly NodeDefinition[] {
  const { data = [] } = useNodes();
  const parts = useMe().scope.nodes ?? [];
  const byId = new Map(data.map((one) => [one.id, one]));
  const topOf = (node: NodeDefinition): NodeDefinition => {
    const parent = byId.get(node.body.parent ?? '');
    return parent ? topOf(parent) : node;
  };
  return [...new Set(parts.flatMap((id) => byId.get(id) ?? []).map(topOf))];
}

export function useLines(place: Place | null, numeraire: string, moment: Moment) {
  return useQuery({
    queryKey: ['portfolio', 'lines', place?.fund, place?.node, numeraire, moment],
    enabled: place !== null,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      ask(
        api.GET('/api/v1/overview/{fund}/lines', {
          params: { path: { fund: place?.fund ?? '' }, query: { node: place?.node, numeraire, ...moment } },
          signal,
        }),
      ),
  });
}

export function useEvidence(sha256: string, allowed: boolean) {
  return useQuery({
    queryKey: ['evidence', sha256],
    enabled: allowed,
    staleTime: Infinity, // bytes behind a hash never change
    queryFn: () => ask(api.GET('/api/v1/evidence/{sha256}', { params: { path: { sha256 } } })),
  });
}
