// The assets that the house knows, and what people call them.
import { useQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { api, ask } from '@/api/client';
import { useCan } from './permissions';

export function useAssets() {
  const can = useCan();
  return useQuery({
    queryKey: ['assets', 'known'],
    enabled: can('portfolio:read'),
    staleTime: 300_000,
    queryFn: () => ask(api.GET('/api/v1/sources/assets')),
  });
}

const CURRENCY = 'iso4217:';

/** The symbol of an asset by its id; of one that is not known the code of the currency, or the id. */
export function useSymbols(): (id: string) => string {
  const { data } = useAssets();
  return useCallback((id: string) => data?.find((one) => one.id === id)?.symbol ?? (id.startsWith(CURRENCY) ? id.slice(CURRENCY.length) : id), [data]);
}
