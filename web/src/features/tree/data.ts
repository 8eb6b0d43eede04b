// The definitions of the portfolio, and the changes to them. A change names the version that it was made from.
import { useMutation, useQuery } from '@tanstack/react-query';
import { Problem, api, ask, askAll } from '@/api/client';
import type { AccountDefinition, Node, NodeDefinition, RuleDefinition, ShareClass, ShareClassDefinition, SubBookRule } from '@/api/schema';
import { queries } from '@/lib/queries';
import { useNodes } from '@/lib/view';
import { saidOf } from '@/ui/tell';
import { hangingOn } from './shape';

const PAGE = 500;

export function useClasses() {
  return useQuery({
    queryKey: ['nodes', 'classes'],
    queryFn: () => askAll<ShareClassDefinition>((cursor) => api.GET('/api/v1/classes', { params: { query: { limit: PAGE, cursor } } })),
  });
}

export function useRules() {
  return useQuery({
    queryKey: ['nodes', 'rules'],
    queryFn: () => askAll<RuleDefinition>((cursor) => api.GET('/api/v1/rules', { params: { query: { limit: PAGE, cursor } } })),
  });
}

export function useAccounts() {
  return useQuery({
    queryKey: ['sources', 'accounts'],
    queryFn: () => askAll<AccountDefinition>((cursor) => api.GET('/api/v1/accounts', { params: { query: { limit: PAGE, cursor } } })),
  });
}

/** What hangs on a node and must go before it. */
export function useHanging(): (id: string | undefined) => readonly string[] {
  const nodes = useNodes().data ?? [];
  const classes = useClasses().data ?? [];
  const rules = useRules().data ?? [];
  const bodies = <T>(found: readonly { body: T }[]) => found.map((one) => one.body);
  return (id) => (id === undefined ? [] : hangingOn(id, bodies(nodes), bodies(classes), bodies(rules)));
}

export function refresh(): void {
  for (const topic of ['nodes', 'portfolio', 'overview']) void queries.invalidateQueries({ queryKey: [topic] });
}

/** A change is of the version that was read; something new must not be there yet. */
function unchanged(version: number | null): Record<string, string> {
  return version === null ? { 'If-None-Match': '*' } : { 'If-Match': `"v${version}"` };
}

export interface Change<T> {
  readonly body: T;
  /** Null: it is new. */
  readonly version: number | null;
}

export function usePutNode(quiet: boolean) {
  return useMutation({
    mutationFn: ({ body, version }: Change<Node>) => ask(api.PUT('/api/v1/nodes/{id}', { params: { path: { id: body.id } }, headers: unchanged(version), body })),
    meta: { quiet },
    onSuccess: refresh,
  });
}

export function useDeleteNode() {
  return useMutation({
    mutationFn: (node: NodeDefinition) => ask(api.DELETE('/api/v1/nodes/{id}', { params: { path: { id: node.id } }, headers: unchanged(node.version) })),
    onSuccess: refresh,
  });
}

export function usePutClass() {
  return useMutation({
    mutationFn: ({ body, version }: Change<ShareClass>) => ask(api.PUT('/api/v1/classes/{id}', { params: { path: { id: body.id } }, headers: unchanged(version), body })),
    meta: { quiet: true },
    onSuccess: refresh,
  });
}

export function useDeleteClass() {
  return useMutation({
    mutationFn: (one: ShareClassDefinition) => ask(api.DELETE('/api/v1/classes/{id}', { params: { path: { id: one.id } }, headers: unchanged(one.version) })),
    onSuccess: refresh,
  });
}

export function usePutRule() {
  return useMutation({
    mutationFn: ({ body, version }: Change<SubBookRule>) =>
      ask(api.PUT('/api/v1/rules/{id}', { params: { path: { id: `${body.account}#${body.rank}` } }, headers: unchanged(version), body })),
    meta: { quiet: true },
    onSuccess: refresh,
  });
}

export function useDeleteRule() {
  return useMutation({
    mutationFn: (rule: RuleDefinition) => ask(api.DELETE('/api/v1/rules/{id}', { params: { path: { id: rule.id } }, headers: unchanged(rule.version) })),
    onSuccess: refresh,
  });
}

/**
 * What the server refused, by field. It names fields of a wrong form itself; `kinds` says which field a refusal
 * of the whole is about, by the last word of its type. What belongs to no field is under `form`.
 */
export function problemsOf(error: Error | null, kinds: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  if (error === null) return new Map();
  if (!(error instanceof Problem)) return new Map([['form', saidOf(error)]]);
  if (error.fields.size > 0) return error.fields;
  const kind = error.body.type.split(':').at(-1) ?? '';
  return new Map([[kinds[kind] ?? 'form', saidOf(error)]]);
}
