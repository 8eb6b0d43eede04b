// Rules as they are shown: without what they do not say.

export function said(rules: unknown): unknown {
  if (Array.isArray(rules)) return rules.map(said);
  if (typeof rules !== 'object' || rules === null) return rules;
  const kept = Object.entries(rules).map(([name, value]) => [name, said(value)] as const);
  return Object.fromEntries(kept.filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}
