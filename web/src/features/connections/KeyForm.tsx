// A key is typed once, checked at the venue, and kept there encrypted. It never lies in the browser's storage.
import { PasswordInput } from '@mantine/core';
import { useState } from 'react';
import { Problem } from '@/api/client';
import type { ConnectorAnswer, KeyBody } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { Form } from '@/ui/Form';
import { Icon } from '@/ui/Icon';
import { saidOf } from '@/ui/tell';
import css from './Connections.module.css';
import { GUIDES } from './guides';
import words from './words';

const PARTS = ['key', 'secret', 'passphrase'] as const;

export function KeyGuide({ connector }: { connector: ConnectorAnswer }) {
  const t = useWords(words);
  const language = useLanguage();
  const guide = GUIDES[connector.name];
  if (!guide) return null;
  return (
    <>
      <ol className={css.guide} aria-label={t.makeKey(connector.title)}>
        {guide.steps[language].map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <p className={css.hint}>
        <Icon name="info" size={14} />
        {t.ipHint}
      </p>
      {guide.link ? (
        <a className={`link ${css.open}`} href={guide.link} target="_blank" rel="noreferrer">
          {t.openVenue(connector.title)} <Icon name="external" size={12} />
        </a>
      ) : null}
    </>
  );
}

interface KeyFormProps {
  connector: ConnectorAnswer;
  busy: boolean;
  error: Error | null;
  onSave: (key: KeyBody) => void;
  onCancel: () => void;
  cancel?: string;
  /** What is accepted, where it is more than reading. */
  hint?: string;
}

export function KeyForm({ connector, busy, error, cancel, hint, onSave, onCancel }: KeyFormProps) {
  const t = useWords(words);
  const [typed, setTyped] = useState<Record<string, string>>({});
  const [tried, setTried] = useState(false);
  const wanted = PARTS.filter((part) => connector.credentials.includes(part));
  const complete = wanted.every((part) => (typed[part] ?? '').trim() !== '');
  return (
    <div className={css.form}>
      <Form
        noValidate
        verb={t.checkAndSave}
        busy={busy}
        error={wanted.length === 0 ? error : null}
        onCancel={onCancel}
        cancel={cancel}
        onSubmit={() => {
          setTried(true);
          if (complete) onSave(Object.fromEntries(wanted.map((part) => [part, typed[part]?.trim()])) as unknown as KeyBody);
        }}
      >
        {wanted.map((part, index) => (
          <PasswordInput
            key={part}
            label={t[part]}
            value={typed[part] ?? ''}
            onChange={(event) => setTyped({ ...typed, [part]: event.currentTarget.value })}
            error={tried && (typed[part] ?? '').trim() === '' ? t.required : index === 0 && error ? keyProblem(error, t) : undefined}
            description={index === wanted.length - 1 ? (hint ?? t.keyHint) : undefined}
            inputWrapperOrder={['label', 'input', 'error', 'description']}
            autoComplete="off"
            spellCheck={false}
            maxLength={4096}
          />
        ))}
      </Form>
    </div>
  );
}

function keyProblem(error: Error, t: { mayWithdraw: string; mayTrade: string; refusedKey: string }): string {
  const kind = error instanceof Problem ? error.body.type.split(':').at(-1) : '';
  if (kind === 'key-may-withdraw') return t.mayWithdraw;
  if (kind === 'key-may-trade') return t.mayTrade;
  return kind === 'key-revoked' ? `${t.refusedKey} ${error.message}` : saidOf(error);
}
