// People and roles as the server has them.
import { useQuery } from '@tanstack/react-query';
import { api, ask } from '@/api/client';
import type { UserAnswer } from '@/api/schema';

export function useUsers() {
  return useQuery({ queryKey: ['users'], queryFn: everyUser });
}

async function everyUser(): Promise<readonly UserAnswer[]> {
  const found: UserAnswer[] = [];
  let cursor: string | undefined;
  do {
    const page = await ask(api.GET('/api/v1/users', { params: { query: { limit: 500, cursor } } }));
    found.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return found;
}

export function useRoles(enabled = true) {
  return useQuery({ queryKey: ['roles'], queryFn: () => ask(api.GET('/api/v1/roles')), enabled });
}

export function useNodes() {
  return useQuery({
    queryKey: ['portfolio', 'nodes'],
    queryFn: () => ask(api.GET('/api/v1/nodes', { params: { query: { limit: 500 } } })),
  });
}
