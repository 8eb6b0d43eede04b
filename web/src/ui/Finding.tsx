// What is missing or does not fit, and what mends it, in the chosen language.
import { useWords } from '@/lib/i18n';
import kinds from '@/lib/kinds';
import css from './Finding.module.css';
import { Sentence } from './Sentence';

interface FindingProps {
  kind: string;
  subject: string;
  /** The server's own sentence, in English. */
  message: string;
}

/** The server's sentence; in 中文 the kind and what it is about, with the sentence below. */
export function Finding({ kind, subject, message }: FindingProps) {
  const names = useWords(kinds);
  return (
    <span className={css.text}>
      <Sentence title={[names[kind]?.name, subject].filter(Boolean).join('：')} message={message} />
    </span>
  );
}

/** What mends it: the server's sentence, in 中文 the usual way for its kind where there is one. */
export function Mend({ kind, mend }: { kind: string; mend: string }) {
  const names = useWords(kinds);
  return <span className={`ink2 ${css.text}`}>{names[kind]?.mend || mend}</span>;
}
