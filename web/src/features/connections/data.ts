// What the connection pages read and do.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import { api, ask, askAll } from '@/api/client';
import type { AccountDefinition, ConnectionBody, ConnectionDefinition, HealthAnswer, SourceAnswer } from '@/api/schema';

export type SourceState = HealthAnswer['state'];

const FAULTS = new Set<SourceState>(['failed', 'quiet', 'never']);

export const atFault = (source: HealthAnswer): boolean => FAULTS.has(source.state);

export function useHealth() {
  return useQuery({
    queryKey: ['sources', 'health'],
    queryFn: () => ask(api.GET('/api/v1/sources/health')),
    refetchInterval: 15_000,
  });
}

export function useConnectors() {
  return useQuery({
    queryKey: ['connectors'],
    queryFn: () => ask(api.GET('/api/v1/sources/connectors')),
    staleTime: 300_000,
  });
}

export function useConnection(id: string | null) {
  return useQuery({
    queryKey: ['sources', 'connection', id],
    enabled: id !== null,
    queryFn: (): Promise<ConnectionDefinition> => ask(api.GET('/api/v1/connections/{id}', { params: { path: { id: id ?? '' } } })),
  });
}

export function useAccounts() {
  return useQuery({
    queryKey: ['sources', 'accounts'],
    queryFn: () => askAll<AccountDefinition>((cursor) => api.GET('/api/v1/accounts', { params: { query: { limit: 500, cursor } } })),
  });
}

/** Whether all that an account holds is explained by what happened in it; undefined until known. */
export function useCompleteness(account: string | null): SourceAnswer | undefined {
  const { data = [] } = useQuery({
    queryKey: ['sources', 'reconciliation'],
    enabled: account !== null,
    queryFn: () => ask(api.GET('/api/v1/reconciliation')),
  });
  return data.find((one) => one.account === account);
}

export function usePutConnection(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: ConnectionBody) => ask(api.PUT('/api/v1/connections/{id}', { params: { path: { id } }, body })),
    meta: { quiet: true },
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['sources'] }),
  });
}

/** Start a gathering; its job goes to the address, so that it is found again. */
export function useGather() {
  const [, setParams] = useSearchParams();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (accounts?: string[]) => ask(api.POST('/api/v1/gather', { body: accounts ? { accounts } : {} })),
    onSuccess: ({ job }) => {
      setParams((old) => new URLSearchParams([...[...old].filter(([name]) => name !== 'job'), ['job', job]]), { replace: true });
      void queries.invalidateQueries({ queryKey: ['jobs'] });
    },
  });
}

export function useJob(job: string | null) {
  return useQuery({
    queryKey: ['jobs', job],
    enabled: job !== null,
    queryFn: () => ask(api.GET('/api/v1/jobs/{job_id}', { params: { path: { job_id: job ?? '' } } })),
    refetchInterval: ({ state }) => (state.data && (state.data.state === 'done' || state.data.state === 'failed') ? false : 1000),
  });
}

export function useJobAccounts(job: string | null, running: boolean) {
  return useQuery({
    queryKey: ['jobs', job, 'accounts'],
    enabled: job !== null,
    queryFn: () => ask(api.GET('/api/v1/jobs/{id}/accounts', { params: { path: { id: job ?? '' }, query: { limit: 500 } } })),
    refetchInterval: running ? 1000 : false,
  });
}
