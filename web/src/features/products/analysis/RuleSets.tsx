// Which rule sets: ready families, products that run here, and rules that are typed.
import { MultiSelect, Textarea } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useWords } from '@/lib/i18n';
import { useCheckedRules, useFamilies, useListed } from './data';
import words from './words';

const MOST = 12;

interface RuleSetsProps {
  chosen: readonly string[];
  onChoose: (rules: readonly string[]) => void;
  text: string;
  onType: (text: string) => void;
  error: string | undefined;
}

export function RuleSets({ chosen, onChoose, text, onType, error }: RuleSetsProps) {
  const t = useWords(words);
  const families = useFamilies();
  const listed = useListed();
  const [settled] = useDebouncedValue(text, 400);
  const checked = useCheckedRules(settled);
  const problem = settled.trim() === '' ? null : checked.data?.problem;
  const given = settled.trim() === '' ? [] : (checked.data?.products ?? []);
  const groups = [
    { group: t.given, items: given.map((one) => ({ value: one.rules, label: one.id })) },
    { group: t.listed, items: (listed.data ?? []).map((one) => ({ value: `listed:${one.id}`, label: one.product })) },
    ...(families.data ?? []).map((family) => ({
      group: family.issuer,
      items: family.products.map((one) => ({ value: one.rules, label: `${family.family}:${one.id}` })),
    })),
  ].filter((one) => one.items.length > 0);
  const known = new Set(groups.flatMap((one) => one.items.map((item) => item.value)));
  return (
    <>
      <MultiSelect
        label={t.rules}
        description={t.rulesHint}
        data={groups}
        value={chosen.filter((one) => known.size === 0 || known.has(one))}
        onChange={onChoose}
        maxValues={MOST}
        searchable
        clearable
        error={error ?? (chosen.length === 0 ? t.noRules : undefined)}
      />
      <Textarea
        label={t.own}
        description={t.ownHint}
        value={text}
        onChange={(event) => onType(event.currentTarget.value)}
        minRows={3}
        maxRows={14}
        autosize
        classNames={{ input: 'mono' }}
        error={problem ? t.ownWrong(problem.message) : undefined}
        inputWrapperOrder={['label', 'description', 'input', 'error']}
        spellCheck={false}
      />
      {given.length > 0 && !problem ? <p className="dim">{t.ownGood(given.length)}</p> : null}
    </>
  );
}

/** The rules that were typed, where one of the chosen is among them. */
export function textFor(chosen: readonly string[], text: string): string | null {
  return chosen.some((one) => one.startsWith('given:')) ? text : null;
}
