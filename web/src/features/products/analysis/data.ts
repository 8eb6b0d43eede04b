// What the pages of explaining ask the API, and how their numbers are typed: per cent on the screen, fractions on the wire.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Problem, api, ask, askAll, guarded, problemOf } from '@/api/client';
import type { Described, ProductRow, ProfileQuestion, ReplayQuestion, Replays } from '@/api/schema';
import { isDecimal, shift } from '@/lib/decimal';

/** What is asked about a file of prices; it goes along as a text, so the API's description has no name for it. */
export interface FileQuestion extends Omit<ReplayQuestion, 'history'> {
  readonly reading: { readonly zone: string | null; readonly symbol: string | null; readonly start: string | null; readonly end: string | null };
}

/** A unit is issued at 100, so that a NAV reads as per cent of the first. */
export function mannerOf(points: number, { lastRules, continuous }: { lastRules: boolean; continuous: boolean }): NonNullable<ReplayQuestion['manner']> {
  return { nav: '100', last_rules: lastRules, continuous, points };
}

/** A path as it is typed; per cent where the API has fractions. */
export interface Market {
  readonly days: number;
  readonly looks: number;
  readonly change: string;
  readonly volatility: string;
  readonly trend: NonNullable<Described['trend']>;
  readonly swing: string;
  readonly fluctuation: NonNullable<Described['fluctuation']>;
  readonly seed: number;
}

export const CALM: Market = { days: 180, looks: 24, change: '0', volatility: '80', trend: 'steady', swing: '-30', fluctuation: 'drawn', seed: 1 };

/** `-12.5` per cent is `-0.125`; what is no number goes as it is typed, and the API says so. */
export function fraction(percent: string): string {
  const text = percent.trim();
  return isDecimal(text) ? shift(text, -2) : text;
}

export function describedOf(market: Market): Described & { is: 'described' } {
  return {
    is: 'described',
    days: market.days,
    marks_a_day: market.looks,
    change: fraction(market.change),
    volatility: fraction(market.volatility),
    trend: market.trend,
    swing: market.trend === 'steady' ? '0' : fraction(market.swing),
    fluctuation: market.fluctuation,
    seed: market.seed,
  };
}

export const useFamilies = () =>
  useQuery({ queryKey: ['product-families'], queryFn: () => ask(api.GET('/api/v1/product-families')), staleTime: Infinity });

/** All products that are listed, with where they stand. */
export const useListed = () =>
  useQuery({
    queryKey: ['products'],
    queryFn: () => askAll<ProductRow>((cursor) => api.GET('/api/v1/product-states', { params: { query: { limit: 500, cursor } } })),
  });

export const useCheckedRules = (text: string) =>
  useQuery({
    queryKey: ['product-rule-checks', text],
    enabled: text.trim() !== '',
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: () => ask(api.POST('/api/v1/product-rule-checks', { body: { text } })),
  });

export const replay = (question: ReplayQuestion) => ask(api.POST('/api/v1/product-replays', { body: question }));

/** Prices, and funding rates and rolls where they do not stand beside them. */
export interface Files {
  readonly prices: File | null;
  readonly funding: File | null;
  readonly rolls: File | null;
}

/** A question with the files that were chosen. */
export function formOf({ prices, funding, rolls }: Files, question: FileQuestion): FormData {
  const form = new FormData();
  form.append('question', JSON.stringify(question));
  for (const [name, file] of [['file', prices], ['funding', funding], ['rolls', rolls]] as const) {
    if (file !== null) form.append(name, file, file.name);
  }
  return form;
}

/** A session that ended is renewed over the page. */
export async function replayFiles(files: Files, question: FileQuestion): Promise<Replays> {
  const answer = await guarded(new Request(`${globalThis.location.origin}/api/v1/product-replays/file`, { method: 'POST', body: formOf(files, question) }));
  if (!answer.ok) throw await problemOf(answer);
  return (await answer.json()) as Replays;
}

export const useReplays = (question: ReplayQuestion) =>
  useQuery({
    queryKey: ['product-replays', question],
    enabled: question.rules.length > 0,
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: () => replay(question),
  });

export const useProfiles = (question: Pick<ProfileQuestion, 'rules' | 'text'>) =>
  useQuery({
    queryKey: ['product-profiles', question],
    enabled: question.rules.length > 0,
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: () => ask(api.POST('/api/v1/product-profiles', { body: question as ProfileQuestion })),
  });

export const useDecay = (leverage: string, volatility: string, days: string) =>
  useQuery({
    queryKey: ['product-decay', leverage, volatility, days],
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET('/api/v1/product-decay', { params: { query: { leverage, volatility, days } } })),
  });

const OF_RULES = new Set(['rule-sets', 'no-such-family', 'no-such-product', 'product-file', 'product-rules']);
const OF_PRICES = new Set(['price-file', 'bad-mark', 'what-if', 'body-too-large']);

/** Beside which field a refusal is shown. */
export function placeOf(error: Error | null): 'rules' | 'prices' | 'other' | null {
  if (!error) return null;
  const code = error instanceof Problem ? error.body.type.split(':').pop() ?? '' : '';
  return OF_RULES.has(code) ? 'rules' : OF_PRICES.has(code) ? 'prices' : 'other';
}
