// How the pages read: kept while shown, read anew on news, retried only where trying again can help.
import { MutationCache, QueryClient, notifyManager } from '@tanstack/react-query';
import { Problem } from '@/api/client';
import { tellProblem } from '@/ui/tell';

const WORTH_RETRYING = new Set([0, 429, 502, 503, 504]);

function retryAfter(attempt: number, error: Error): number {
  const asked = error instanceof Problem ? error.retryAfterSeconds : null;
  return asked === null ? Math.min(1000 * 2 ** attempt, 15_000) : asked * 1000;
}

// A browser deals with a second click before it comes to a timer; a button must be shut by then.
notifyManager.setScheduler(queueMicrotask);

export const queries = new QueryClient({
  mutationCache: new MutationCache({
    // A form that shows its own refusals says `meta: { quiet: true }`.
    onError: (error, _variables, _context, mutation) => {
      if (mutation.meta?.['quiet'] !== true) tellProblem(error);
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => error instanceof Problem && WORTH_RETRYING.has(error.status) && failures < 3,
      retryDelay: retryAfter,
      throwOnError: false,
    },
    mutations: { retry: false },
  },
});
