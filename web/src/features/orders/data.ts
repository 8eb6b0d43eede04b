// What the pages of orders read and do.
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, ask, askAll } from '@/api/client';
import type { InstrumentDefinition, KeyBody, OrderAnswer, OrderDetailAnswer, TradingAccountAnswer, TradingLimits } from '@/api/schema';

/** Orders move by themselves while they work. */
const LOOK_AGAIN = 5_000;

export interface Filter {
  readonly account?: string;
  readonly state?: OrderAnswer['state'];
  readonly since?: string;
}

export function useOrders(filter: Filter) {
  return useInfiniteQuery({
    queryKey: ['trading', 'orders', filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => ask(api.GET('/api/v1/orders', { params: { query: { limit: 100, cursor: pageParam, ...filter } } })),
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: (before) => before,
    refetchInterval: LOOK_AGAIN,
  });
}

export function useOrder(account: string, order: string) {
  return useQuery({
    queryKey: ['trading', 'order', account, order],
    queryFn: (): Promise<OrderDetailAnswer> => ask(api.GET('/api/v1/orders/{account}/{client_id}', { params: { path: { account, client_id: order } } })),
    refetchInterval: ({ state }) => (state.data?.order.settled ? false : LOOK_AGAIN),
  });
}

export function useTradingAccounts() {
  return useQuery({
    queryKey: ['trading', 'accounts'],
    queryFn: () => askAll<TradingAccountAnswer>((cursor) => api.GET('/api/v1/trading-accounts', { params: { query: { limit: 500, cursor } } })),
    refetchInterval: 3 * LOOK_AGAIN,
  });
}

/** The contracts that a venue trades, for limits to choose from. */
export function useInstruments(venue: string) {
  return useQuery({
    queryKey: ['instruments', venue],
    staleTime: 300_000,
    queryFn: () => askAll<InstrumentDefinition>((cursor) => api.GET('/api/v1/instruments', { params: { query: { limit: 500, cursor } } })),
    select: (every) => every.map((one) => one.body).filter((one) => one.venue === venue),
  });
}

export function usePutKey(account: string) {
  return useChange((body: KeyBody) => ask(api.PUT('/api/v1/trading-accounts/{account}/key', { params: { path: { account } }, body })), true);
}

export function useCheckKey(account: string) {
  return useMutation({
    mutationFn: () => ask(api.POST('/api/v1/trading-accounts/{account}/key/check', { params: { path: { account } } })),
  });
}

export function useRemoveKey(account: string) {
  return useChange(() => ask(api.DELETE('/api/v1/trading-accounts/{account}/key', { params: { path: { account } } })));
}

/** A change is of the version that was read; new limits must not be there yet. */
const unchanged = (version: number | null): Record<string, string> => (version === null ? { 'If-None-Match': '*' } : { 'If-Match': `"v${version}"` });

export function usePutLimits(version: number | null) {
  return useChange(
    (body: TradingLimits) => ask(api.PUT('/api/v1/trading-limits/{id}', { params: { path: { id: body.account } }, headers: unchanged(version), body })),
    true,
  );
}

export function useRemoveLimits(account: string, version: number) {
  return useChange(() => ask(api.DELETE('/api/v1/trading-limits/{id}', { params: { path: { id: account } }, headers: unchanged(version) })));
}

/** `quiet`: the form itself says what was refused. */
function useChange<Given, Told>(change: (given: Given) => Promise<Told>, quiet = false) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    meta: { quiet },
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['trading'] }),
  });
}

/** Whether the venue may still fill it, or nobody knows. */
export const working = (order: OrderAnswer): boolean => !['filled', 'cancelled', 'rejected', 'expired'].includes(order.state);
