import { useQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { api, askAll } from '@/api/client';
import type { AssetDefinition } from '@/api/schema';
import { useCan } from '@/lib/permissions';

/** The symbol of an asset by its id; the id where it is not known. */
export function useSymbols(): (id: string) => string {
  const can = useCan();
  const { data } = useQuery({
    queryKey: ['assets'],
    enabled: can('portfolio:read'),
    staleTime: 300_000,
    queryFn: async () => {
      const every = await askAll<AssetDefinition>((cursor) => api.GET('/api/v1/assets', { params: { query: { limit: 500, cursor } } }));
      return new Map(every.map((one) => [one.id, one.body.symbol]));
    },
  });
  return useCallback((id: string) => data?.get(id) ?? id, [data]);
}
