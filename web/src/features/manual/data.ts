import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, ask, askAll } from '@/api/client';
import type { EntryBody, FactAnswer, ManualItem, Quote } from '@/api/schema';

/** A fact of which the body is known to be of one kind. */
export type FactOf<B> = Omit<FactAnswer, 'body'> & { readonly body: B };

const AT_ONCE = 500;

export function useItems() {
  return useQuery({
    queryKey: ['facts', 'manual_item'],
    queryFn: () =>
      askAll<FactAnswer>((cursor) => api.GET('/api/v1/facts', { params: { query: { kind: 'manual_item', limit: AT_ONCE, cursor } } })) as Promise<FactOf<ManualItem>[]>,
  });
}

/** Marks that people stated: quotes whose source is a person. */
export function useManualMarks() {
  return useQuery({
    queryKey: ['facts', 'manual_marks'],
    queryFn: () =>
      askAll<FactAnswer>((cursor) => api.GET('/api/v1/facts', { params: { query: { kind: 'quote', source: 'manual', limit: AT_ONCE, cursor } } })) as Promise<FactOf<Quote>[]>,
  });
}

export function useEnter() {
  const queries = useQueryClient();
  return useMutation({
    meta: { quiet: true },
    mutationFn: (body: EntryBody) => ask(api.POST('/api/v1/entries', { body })),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['facts'] }),
  });
}
