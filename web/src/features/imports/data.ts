// An import by its id: the check that a worker makes, and what came of accepting it.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api, ask, askAll } from '@/api/client';
import type { AccountDefinition, ImportState, Layout, TaskProgress } from '@/api/schema';

/** Whether a worker has still to do something. */
export const pending = ({ state }: TaskProgress) => state === 'waiting' || state === 'running';

const moves = (one: ImportState) => pending(one.progress) || (one.acceptance !== null && pending(one.acceptance.progress));

/** Where an import stands, asked again while it moves; what it brought is read anew everywhere. */
export function useImport(job: string | null) {
  const queries = useQueryClient();
  const found = useQuery({
    queryKey: ['imports', job],
    enabled: job !== null,
    queryFn: () => ask(api.GET('/api/v1/imports/jobs/{id}', { params: { path: { id: job ?? '' } } })),
    refetchInterval: ({ state }) => (state.data && moves(state.data) ? 400 : false),
  });
  const kept = found.data?.acceptance?.kept ?? null;
  useEffect(() => {
    if (kept) void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'imports' });
  }, [kept?.sha256, job]); // once for each import
  return found;
}

export function useAccept(job: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => ask(api.POST('/api/v1/imports/jobs/{id}/accept', { params: { path: { id: job } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['imports', job] }),
  });
}

/** Every account, for whose file it is. */
export function useAccounts() {
  return useQuery({
    queryKey: ['accounts'],
    queryFn: () => askAll<AccountDefinition>((cursor) => api.GET('/api/v1/accounts', { params: { query: { limit: 500, cursor } } })),
  });
}

/** Keep a mapping, so that the next file with these columns is recognised. */
export function useSaveLayout(onSaved: () => void) {
  return useMutation({
    meta: { quiet: true },
    mutationFn: (layout: Layout) => ask(api.PUT('/api/v1/layouts/{id}', { params: { path: { id: layout.name } }, body: layout })),
    onSuccess: onSaved,
  });
}
