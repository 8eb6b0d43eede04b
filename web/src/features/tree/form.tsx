// What the three forms have in common: their input, the refusal of the whole, and the row of verbs.
import { Button, Group } from '@mantine/core';
import { useState } from 'react';
import type { NodeDefinition } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { ConfirmWithReason } from '@/ui/ConfirmWithReason';
import type { Opened } from './TreePage';
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

export function FormProblem({ problems }: { problems: ReadonlyMap<string, string> }) {
  const text = problems.get('form');
  return text === undefined ? null : (
    <p className="crit" role="alert">
      {text}
    </p>
  );
}

interface VerbsProps {
  present: boolean;
  name: string;
  ready: boolean;
  busy: boolean;
  removing: boolean;
  onRemove: () => void;
}

export function Verbs({ present, name, ready, busy, removing, onRemove }: VerbsProps) {
  const t = useWords(words);
  const [asked, setAsked] = useState(false);
  return (
    <Group justify="space-between">
      <Button type="submit" variant="filled" loading={busy} disabled={!ready}>
        {present ? t.save : t.add}
      </Button>
      {present ? (
        <Button variant="subtle" color="crit" onClick={() => setAsked(true)}>
          {t.remove}
        </Button>
      ) : null}
      <ConfirmWithReason
        opened={asked}
        title={t.removeTitle(name)}
        verb={t.remove}
        danger
        reason="none"
        busy={removing}
        onConfirm={() => {
          setAsked(false);
          onRemove();
        }}
        onClose={() => setAsked(false)}
      >
        {t.removeHint}
      </ConfirmWithReason>
    </Group>
  );
}
