import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, ask } from '@/api/client';
import type { Moment } from '@/lib/view';

const AGING_MS = 30_000; // prices age without anybody writing

const isNow = (moment: Moment) => moment.as_of === undefined && moment.known_at === undefined;

/** The first page's figures; another numeraire or time replaces them in place. */
export function useOverview(fund: string | null, numeraire: string, moment: Moment) {
  return useQuery({
    queryKey: ['overview', fund, numeraire, moment],
    enabled: fund !== null,
    placeholderData: keepPreviousData,
    refetchInterval: isNow(moment) ? AGING_MS : false,
    queryFn: ({ signal }) =>
      ask(
        api.GET('/api/v1/overview/{fund}', {
          params: { path: { fund: fund ?? '' }, query: { numeraire, ...moment } },
          signal,
        }),
      ),
  });
}

/** The nodes of a fund that the user sees, with their figures. */
export function useTree(fund: string | null, numeraire: string, moment: Moment) {
  return useQuery({
    queryKey: ['overview', 'tree', fund, numeraire, moment],
    enabled: fund !== null,
    placeholderData: keepPreviousData,
    refetchInterval: isNow(moment) ? AGING_MS : false,
    queryFn: ({ signal }) => ask(api.GET('/api/v1/overview/{fund}/tree', { params: { path: { fund: fund ?? '' }, query: { numeraire, ...moment } }, signal })),
  });
}
