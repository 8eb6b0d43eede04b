// What is said beside the fields of a listing.
import { useWords } from '@/lib/i18n';
import { fieldsOf } from '@/ui/Form';
import type { Field } from './draft';
import words from './words';

/** What the API calls the fields, where its names are longer. */
const WIRE: Readonly<Partial<Record<Field, string>>> = {
  nav: 'opening_nav',
  units: 'opening_units',
  opens: 'opened_at',
  hedge: 'hedge_account',
  automatic: 'automatic_up_to',
  published: 'published_rates',
  market: 'traded_as',
  maker: 'maker_fee',
  taker: 'taker_fee',
};

/** What is wrong with what is typed, or was refused of it. */
export function useTold(wrong: ReadonlySet<Field>, error: Error | null): (field: Field) => string | undefined {
  const said: Readonly<Partial<Record<Field, string>>> = useWords(words).wrong;
  return (field) => (wrong.has(field) ? said[field] : fieldsOf(error).get(WIRE[field] ?? field));
}
