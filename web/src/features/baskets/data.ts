// What the pages of basket products read and do.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, ask, askAll } from '@/api/client';
import type { Amount, BasketDefinition, BuyInBody, InavView, ListAnswer, ListDetail, OrderBody, OrderView, ParticipantDefinition, SeenTransfer, TrueUpBody } from '@/api/schema';

/** An indicative value comes every 15 seconds. */
const LOOK_AGAIN = 15_000;

const at = (product: string) => ({ params: { path: { product } } });

export function useBaskets() {
  return useQuery({
    queryKey: ['baskets', 'all'],
    queryFn: () => askAll<BasketDefinition>((cursor) => api.GET('/api/v1/baskets', { params: { query: { limit: 500, cursor } } })),
  });
}

export function useBasket(product: string) {
  return useQuery({
    queryKey: ['baskets', product],
    queryFn: (): Promise<BasketDefinition> => ask(api.GET('/api/v1/baskets/{id}', { params: { path: { id: product } } })),
  });
}

export function useParticipants() {
  return useQuery({
    queryKey: ['baskets', 'participants'],
    queryFn: () => askAll<ParticipantDefinition>((cursor) => api.GET('/api/v1/participants', { params: { query: { limit: 500, cursor } } })),
  });
}

export function useHoldings(product: string) {
  return useQuery({
    queryKey: ['baskets', product, 'holdings'],
    queryFn: () => ask(api.GET('/api/v1/basket-holdings/{product}', at(product))),
    refetchInterval: 2 * LOOK_AGAIN,
  });
}

export function useInav(product: string) {
  return useQuery({
    queryKey: ['baskets', product, 'inav'],
    queryFn: (): Promise<InavView[]> => ask(api.GET('/api/v1/basket-inav/{product}', at(product))),
    refetchInterval: LOOK_AGAIN,
  });
}

export function useTracking(product: string) {
  return useQuery({
    queryKey: ['baskets', product, 'tracking'],
    queryFn: () => ask(api.GET('/api/v1/basket-tracking/{product}', at(product))),
  });
}

export function useLists(product: string) {
  return useQuery({
    queryKey: ['baskets', product, 'lists'],
    queryFn: (): Promise<ListAnswer[]> => ask(api.GET('/api/v1/basket-lists/{product}', at(product))),
  });
}

export function useList(product: string, day: string | null) {
  return useQuery({
    queryKey: ['baskets', product, 'lists', day],
    enabled: day !== null,
    queryFn: (): Promise<ListDetail> => ask(api.GET('/api/v1/basket-lists/{product}/{day}', { params: { path: { product, day: day ?? '' } } })),
  });
}

export function useOrders(product: string) {
  return useQuery({
    queryKey: ['baskets', product, 'orders'],
    queryFn: (): Promise<OrderView[]> => ask(api.GET('/api/v1/basket-orders/{product}', at(product))),
    refetchInterval: LOOK_AGAIN,
  });
}

export function useTransfers(product: string, number: number) {
  return useQuery({
    queryKey: ['baskets', product, 'orders', number, 'transfers'],
    queryFn: (): Promise<SeenTransfer[]> => ask(api.GET('/api/v1/basket-orders/{product}/{number}/transfers', { params: { path: { product, number } } })),
  });
}

export function useMakeList(product: string) {
  return useChange((reason: string) => ask(api.POST('/api/v1/basket-lists/{product}', { ...at(product), body: { reason: reason || null } })));
}

export interface Decision {
  readonly step: 'approve' | 'publish' | 'reject';
  readonly reason: string;
}

export function useDecide(product: string, list: ListAnswer) {
  const place = { params: { path: { product, day: list.trade_day } } };
  return useChange(({ step, reason }: Decision) => {
    if (step === 'approve') return ask(api.POST('/api/v1/basket-lists/{product}/{day}/approve', { ...place, body: { document_sha: list.document_sha } }));
    if (step === 'publish') return ask(api.POST('/api/v1/basket-lists/{product}/{day}/publish', place));
    return ask(api.POST('/api/v1/basket-lists/{product}/{day}/reject', { ...place, body: { reason } }));
  });
}

export function useEnter(product: string) {
  return useChange((body: OrderBody) => ask(api.POST('/api/v1/basket-orders/{product}', { ...at(product), body })), true);
}

/** Steps of an order that need no more than a press, or a reason. */
export type Step = 'accept' | 'reject' | 'cancel' | 'price' | 'instruct' | 'settle' | 'fail-fee' | 'fail';

export function useStep(product: string, number: number) {
  const place = { params: { path: { product, number } } };
  return useChange(({ step, reason }: { step: Step; reason: string }): Promise<OrderView> => {
    switch (step) {
      case 'reject':
        return ask(api.POST('/api/v1/basket-orders/{product}/{number}/reject', { ...place, body: { reason } }));
      case 'fail':
        return ask(api.POST('/api/v1/basket-orders/{product}/{number}/fail', { ...place, body: { reason } }));
      default:
        return ask(api.POST(`/api/v1/basket-orders/{product}/{number}/${step}`, place));
    }
  });
}

export function useDeliver(product: string, number: number) {
  return useChange(
    (body: { reference: string; amount: Amount | null }) => ask(api.POST('/api/v1/basket-orders/{product}/{number}/deliver', { params: { path: { product, number } }, body })),
    true,
  );
}

export function useBuyIn(product: string, number: number) {
  return useChange((body: BuyInBody) => ask(api.POST('/api/v1/basket-orders/{product}/{number}/buy-in', { params: { path: { product, number } }, body })), true);
}

export function useTrueUp(product: string, number: number) {
  return useChange((body: TrueUpBody) => ask(api.POST('/api/v1/basket-orders/{product}/{number}/true-up', { params: { path: { product, number } }, body })), true);
}

/** `quiet`: the form itself says what was refused. */
function useChange<Given, Told>(change: (given: Given) => Promise<Told>, quiet = false) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    meta: { quiet },
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['baskets'] }),
  });
}
