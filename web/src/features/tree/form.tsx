// What the three forms have in common: a name, and a way to be deleted.
import { Button, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { NodeDefinition } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { ConfirmWithReason } from '@/ui/ConfirmWithReason';
import { Form } from '@/ui/Form';
import type { Opened } from './TreePage';
import { slugOf } from './shape';
import words from './words';

export interface FormProps<T> {
  /** Null: something new. */
  present: T | null;
  nodes: readonly NodeDefinition[];
  editable: boolean;
  /** Where something new belongs. */
  of: string | null;
  onOpen: (what: Opened) => void;
}

export const DECIMAL = /^\d+(\.\d+)?$/;

interface SheetProps {
  present: boolean;
  editable: boolean;
  name: string;
  /** What hangs on it, so that it cannot be deleted. */
  hanging?: readonly string[];
  ready: boolean;
  busy: boolean;
  removing: boolean;
  problems: ReadonlyMap<string, string>;
  onSave: () => void;
  onRemove: () => void;
  children: ReactNode;
}

/** The frame of the three forms: what is typed, and the verbs of who may change it. */
export function Sheet({ present, editable, name, hanging, ready, busy, removing, problems, onSave, onRemove, children }: SheetProps) {
  const t = useWords(words);
  const [asked, setAsked] = useState(false);
  const remove = (
    <Button variant="subtle" color="crit" onClick={() => setAsked(true)}>
      {t.remove}
    </Button>
  );
  return (
    <>
      <Form noValidate verb={editable ? (present ? t.save : t.add) : undefined} busy={busy} ready={ready} error={problems.get('form')} also={present ? remove : null} onSubmit={onSave}>
        {children}
      </Form>
      <ConfirmRemove
        opened={asked}
        name={name}
        hanging={hanging}
        busy={removing}
        onConfirm={() => {
          setAsked(false);
          onRemove();
        }}
        onClose={() => setAsked(false)}
      />
    </>
  );
}

interface Named {
  readonly id: string;
  readonly name: string;
}

interface NameFieldsProps {
  draft: Named;
  present: boolean;
  editable: boolean;
  problems: ReadonlyMap<string, string>;
  onChange: (change: Partial<Named>) => void;
}

/** A name, and the identifier that is made from it until somebody types another. */
export function NameFields({ draft, present, editable, problems, onChange }: NameFieldsProps) {
  const t = useWords(words);
  const follows = !present && draft.id === slugOf(draft.name);
  return (
    <>
      <TextInput
        data-autofocus
        label={t.name}
        value={draft.name}
        readOnly={!editable}
        error={problems.get('name')}
        onChange={({ currentTarget: { value } }) => onChange(follows ? { name: value, id: slugOf(value) } : { name: value })}
      />
      <TextInput label={t.id} description={present ? undefined : t.idHint} value={draft.id} readOnly={present} error={problems.get('id')} onChange={(event) => onChange({ id: event.currentTarget.value })} />
    </>
  );
}

interface ConfirmRemoveProps {
  opened: boolean;
  name: string;
  hanging?: readonly string[];
  busy: boolean;
  onConfirm: () => void;
  onClose: () => void;
}

/** Deletion, or what has to go before it. */
export function ConfirmRemove({ name, hanging = [], ...rest }: ConfirmRemoveProps) {
  const t = useWords(words);
  const barred = hanging.length > 0;
  return (
    <ConfirmWithReason title={barred ? t.removeLater(name) : t.removeTitle(name)} verb={t.remove} danger reason="none" barred={barred} {...rest}>
      {barred ? t.cannotRemove(hanging.join(t.comma)) : t.removeHint}
    </ConfirmWithReason>
  );
}
