// What the forms that list products read and do.
import { useDebouncedValue } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Problem, api, ask, askAll } from '@/api/client';
import type { InstrumentDefinition, Listing, Product } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { saidOf } from '@/ui/tell';
import { useCheckedRules } from '../analysis/data';
import words from '../analysis/words';

export const useFamily = (family: string) =>
  useQuery({
    queryKey: ['product-families', family],
    enabled: family !== '',
    staleTime: Infinity,
    queryFn: () => ask(api.GET('/api/v1/product-families/{family}', { params: { path: { family } } })),
  });

/** The products of a rule file, or what is wrong with it. */
export interface FoundRules {
  readonly products: readonly Product[];
  readonly wrong: string | undefined;
  readonly isChecking: boolean;
}

/** What typed rules are found to be, once the typing rests. */
export function useTypedRules(text: string): FoundRules {
  const [rested] = useDebouncedValue(text, 400);
  const checked = useCheckedRules(rested);
  const t = useWords(words);
  const problem = checked.data?.problem;
  if (text.trim() === '') return { products: [], wrong: undefined, isChecking: false };
  return {
    products: checked.data?.rules ?? [],
    wrong: checked.error ? saidOf(checked.error) : problem ? t.ownWrong(problem.message) : undefined,
    isChecking: rested !== text || checked.isFetching,
  };
}

export const useInstruments = () =>
  useQuery({
    queryKey: ['instruments'],
    staleTime: 300_000,
    queryFn: () => askAll<InstrumentDefinition>((cursor) => api.GET('/api/v1/instruments', { params: { query: { limit: 500, cursor } } })),
    select: (every) => every.map((one) => one.body),
  });

/** A listed product with its version. */
export const useListing = (id: string) =>
  useQuery({
    queryKey: ['products', id, 'listing'],
    queryFn: () => ask(api.GET('/api/v1/products/{id}', { params: { path: { id } } })),
  });

/** The rules that a product has, as a rule file. */
export const useRuleFile = (listing: string, enabled: boolean) =>
  useQuery({
    queryKey: ['products', listing, 'rule-file'],
    enabled,
    queryFn: () => ask(api.GET('/api/v1/product-rule-files/{listing}', { params: { path: { listing } } })),
  });

/** A change is of the version that was read; a new product must not be there yet. */
const unchanged = (version: number | null): Record<string, string> => (version === null ? { 'If-None-Match': '*' } : { 'If-Match': `"v${version}"` });

export function usePutListing(version: number | null) {
  return useChange(
    (body: Listing) => ask(api.PUT('/api/v1/products/{id}', { params: { path: { id: body.id } }, headers: unchanged(version), body })),
    true,
  );
}

export function useEndListing(id: string, version: number) {
  return useChange(() => ask(api.DELETE('/api/v1/products/{id}', { params: { path: { id } }, headers: unchanged(version) })));
}

/** Whether somebody else changed it, or made it, since it was read. */
export const isEditedMeanwhile = (error: Error | null): boolean => error instanceof Problem && error.status === 412;

/** `quiet`: the form itself says what was refused. */
function useChange<Given, Told>(change: (given: Given) => Promise<Told>, quiet = false) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    meta: { quiet },
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['products'] }),
  });
}
