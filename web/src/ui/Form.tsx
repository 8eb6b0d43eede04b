// What every form has in common: the page stays, what was refused is said above the verbs, the verbs stand in one row.
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { Problem } from '@/api/client';
import { useWords } from '@/lib/i18n';
import css from './Form.module.css';
import { Icon } from './Icon';
import { Sentence } from './Sentence';
import { toldOf } from './tell';
import words from './words';

interface FormProps {
  /** The verb on the button that sends it; without one the form can only be read. */
  verb?: string;
  busy?: boolean;
  /** What is typed can be sent. */
  ready?: boolean;
  danger?: boolean;
  /** Shown above the verbs, unless it names fields: those show it themselves. */
  error?: Error | string | null;
  onCancel?: () => void;
  /** The word of the way back, where it is not “Cancel”. */
  cancel?: string;
  /** Further verbs, after the two. */
  also?: ReactNode;
  /** The verb is as wide as the fields: for a card with a single thing to do. */
  wide?: boolean;
  /** The form says itself what is missing; the browser does not. */
  noValidate?: boolean;
  onSubmit: () => void;
  children?: ReactNode;
}

export function Form({ verb, busy, ready = true, danger, error, onCancel, cancel, also, wide, noValidate, onSubmit, children }: FormProps) {
  const t = useWords(words);
  return (
    <form
      className={css.form}
      noValidate={noValidate}
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) onSubmit();
      }}
    >
      {children}
      <Refusal error={error} />
      {verb === undefined ? null : (
        <Verbs>
          <Button type="submit" variant="filled" color={danger ? 'crit' : 'accent'} fullWidth={wide} disabled={!ready} loading={busy}>
            {verb}
          </Button>
          {onCancel ? <Button onClick={onCancel}>{cancel ?? t.cancel}</Button> : null}
          {also}
        </Verbs>
      )}
    </form>
  );
}

/** The row under a form or a dialog: what it is for stands first. */
export function Verbs({ children }: { children: ReactNode }) {
  return <div className={css.verbs}>{children}</div>;
}

/** What was refused, in one line; nothing where the fields say it. */
export function Refusal({ error }: { error?: Error | string | null }) {
  if (!error || (error instanceof Problem && error.fields.size > 0)) return null;
  return (
    <p className={css.refusal} role="alert">
      <Icon name="warn" size={14} />
      {typeof error === 'string' ? error : <Said error={error} />}
    </p>
  );
}

function Said({ error }: { error: Error }) {
  const told = toldOf(error);
  return <span>{error instanceof Problem && error.status === 0 ? told.title : <Sentence {...told} />}</span>;
}

/** What was refused, by field. */
export function fieldsOf(error: Error | null): ReadonlyMap<string, string> {
  return error instanceof Problem ? error.fields : new Map();
}
