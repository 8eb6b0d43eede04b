// What the NAV pages read. A result never changes, so what belongs to it is kept under its hash.
import { useQuery } from '@tanstack/react-query';
import { api, ask, askAll } from '@/api/client';
import type { NavLineAnswer, ReconciledAnswer, RunAnswer } from '@/api/schema';

export const MOST_LINES = 10_000;

export function useRun(id: string) {
  return useQuery({
    queryKey: ['nav', 'run', id],
    queryFn: () => ask(api.GET('/api/v1/nav/runs/{id}', { params: { path: { id } } })),
  });
}

export function useRuns(fund: string | null, limit = 200) {
  return useQuery({
    queryKey: ['nav', 'runs', fund, limit],
    enabled: fund !== null,
    queryFn: () => ask(api.GET('/api/v1/nav/runs', { params: { query: { fund: fund ?? undefined, limit } } })),
  });
}

export function useTrail(id: string) {
  return useQuery({
    queryKey: ['nav', 'trail', id],
    queryFn: () => ask(api.GET('/api/v1/nav/runs/{id}/events', { params: { path: { id } } })),
  });
}

function ofResult<T>(run: RunAnswer, part: string, read: () => Promise<T>) {
  return {
    queryKey: ['result', run.result_sha, part],
    enabled: run.result_sha !== null,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: read,
  };
}

export function useFigures(run: RunAnswer) {
  return useQuery(
    ofResult(run, 'figures', () => ask(api.GET('/api/v1/nav/runs/{id}/figures', { params: { path: { id: run.id } } }))),
  );
}

export function useBridges(run: RunAnswer) {
  return useQuery(
    ofResult(run, 'bridge', () => ask(api.GET('/api/v1/nav/runs/{id}/bridge', { params: { path: { id: run.id } } }))),
  );
}

export function useCoverage(run: RunAnswer) {
  return useQuery(
    ofResult(run, 'coverage', () => ask(api.GET('/api/v1/nav/runs/{id}/coverage', { params: { path: { id: run.id } } }))),
  );
}

export function useLines(run: RunAnswer) {
  return useQuery(
    ofResult(run, 'lines', () =>
      askAll<NavLineAnswer>(
        (cursor) => api.GET('/api/v1/nav/runs/{id}/lines', { params: { path: { id: run.id }, query: { limit: 500, cursor } } }),
        MOST_LINES,
      ),
    ),
  );
}

export function useReconciliation(run: RunAnswer) {
  return useQuery(
    ofResult(run, 'reconciliation', () =>
      askAll<ReconciledAnswer>(
        (cursor) =>
          api.GET('/api/v1/nav/runs/{id}/reconciliation', { params: { path: { id: run.id }, query: { limit: 500, cursor } } }),
        MOST_LINES,
      ),
    ),
  );
}

export function useDifferences(run: RunAnswer) {
  return useQuery({
    ...ofResult(run, 'differences', () =>
      ask(api.GET('/api/v1/nav/runs/{id}/differences', { params: { path: { id: run.id } } })),
    ),
    enabled: run.restates !== null && run.result_sha !== null,
  });
}

/** The work behind a run that is being calculated, and each account's part of it. */
export function useWork(run: RunAnswer) {
  const collecting = run.state === 'collecting';
  const job = useQuery({
    queryKey: ['jobs', 'of', run.id],
    enabled: collecting,
    refetchInterval: 2000,
    queryFn: async () => {
      const jobs = await ask(api.GET('/api/v1/jobs', { params: { query: { limit: 100 } } }));
      return jobs.find((one) => one.subject === run.id) ?? null;
    },
  });
  const parts = useQuery({
    queryKey: ['jobs', 'parts', job.data?.id],
    enabled: collecting && !!job.data,
    refetchInterval: 1000,
    queryFn: () =>
      ask(api.GET('/api/v1/jobs/{id}/accounts', { params: { path: { id: job.data?.id ?? '' }, query: { limit: 500 } } })),
  });
  return { job: job.data ?? null, parts: parts.data?.items ?? [] };
}
