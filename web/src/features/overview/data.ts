import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, ask } from '@/api/client';

const AGING_MS = 30_000; // prices age without anybody writing

/** The first page's figures; another numeraire or time replaces them in place. */
export function useOverview(fund: string | null, numeraire: string, asOf: string | null) {
  return useQuery({
    queryKey: ['overview', fund, numeraire, asOf],
    enabled: fund !== null,
    placeholderData: keepPreviousData,
    refetchInterval: asOf === null ? AGING_MS : false,
    queryFn: ({ signal }) =>
      ask(
        api.GET('/api/v1/overview/{fund}', {
          params: { path: { fund: fund ?? '' }, query: { numeraire, as_of: asOf ?? undefined } },
          signal,
        }),
      ),
  });
}
