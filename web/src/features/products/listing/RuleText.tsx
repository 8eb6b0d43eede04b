// A rule file that is typed; what is wrong stands beneath it, with its line.
import { Textarea } from '@mantine/core';
import { useWords } from '@/lib/i18n';
import words from './words';

interface RuleTextProps {
  text: string;
  onType: (text: string) => void;
  hint: string;
  wrong: string | undefined;
}

export function RuleText({ text, onType, hint, wrong }: RuleTextProps) {
  const t = useWords(words);
  return (
    <Textarea
      label={t.text}
      description={hint}
      value={text}
      onChange={(event) => onType(event.currentTarget.value)}
      minRows={6}
      maxRows={22}
      autosize
      classNames={{ input: 'mono' }}
      error={wrong}
      inputWrapperOrder={['label', 'description', 'input', 'error']}
      spellCheck={false}
    />
  );
}
