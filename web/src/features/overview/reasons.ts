import type { Missing } from '@/api/schema';
import type { measureOf } from '@/lib/decimal';

export type Measure = ReturnType<typeof measureOf>;

/** Why a field is unknown, in the words of the chosen language; `*` speaks for the whole section. */
export function reasonOf(missing: readonly Missing[], field: string, words: Readonly<Record<string, string>>): string | null {
  const found = missing.find((one) => one.field === field) ?? missing.find((one) => one.field === '*');
  if (!found) return null;
  const told = words[found.reason] ?? found.reason;
  return found.detail ? `${told} (${found.detail})` : told;
}
