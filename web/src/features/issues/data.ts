// What the page of data issues reads and does.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, ask, askAll } from '@/api/client';
import type { FactAnswer, IssueAnswer } from '@/api/schema';
import { useModules } from '@/lib/modules';
import { useCan } from '@/lib/permissions';
import { useView } from '@/lib/view';

export type Settling = 'explain' | 'fix';

/** Issues of every state, the latest first. */
export function useIssues() {
  return useQuery({
    queryKey: ['issues', 'all'],
    queryFn: () => askAll<IssueAnswer>((cursor) => api.GET('/api/v1/issues', { params: { query: { limit: 500, cursor } } })),
    select: (found) => [...found].sort((one, other) => other.opened_at.localeCompare(one.opened_at)),
  });
}

/** The value behind each open issue in the fund and numeraire that are looked at, as the overview says it. */
export function useStakes(): Readonly<Record<string, string | null>> {
  const { fund, numeraire } = useView();
  const can = useCan();
  const on = useModules();
  const { data } = useQuery({
    queryKey: ['overview', fund, numeraire, null, 'stakes'],
    enabled: fund !== null && can('portfolio:read') && on('overview'),
    queryFn: () => ask(api.GET('/api/v1/overview/{fund}', { params: { path: { fund: fund ?? '' }, query: { numeraire } } })),
  });
  const issues = (data?.attention ?? []).filter((one) => one.key === 'issue');
  return Object.fromEntries(issues.map((one) => [one.link.replace('/issues/', ''), one.value_at_stake ?? null]));
}

export function useSettle(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ way, explanation }: { way: Settling; explanation: string }) => {
      const call = { params: { path: { id } }, body: { explanation } };
      return ask(way === 'explain' ? api.POST('/api/v1/issues/{id}/explain', call) : api.POST('/api/v1/issues/{id}/fix', call));
    },
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['issues'] }),
  });
}

export function useFact(hash: string | null) {
  return useQuery({
    queryKey: ['facts', hash],
    enabled: hash !== null,
    queryFn: (): Promise<FactAnswer> => ask(api.GET('/api/v1/facts/{content_hash}', { params: { path: { content_hash: hash ?? '' } } })),
  });
}

/** Whether the subject is a connection or its account, so that its page can be opened. */
export function useHasConnection(subject: string): boolean {
  const can = useCan();
  const { data = [] } = useQuery({
    queryKey: ['sources', 'health'],
    enabled: can('source:read'),
    queryFn: () => ask(api.GET('/api/v1/sources/health')),
  });
  return data.some((one) => one.id === subject || one.account === subject);
}
