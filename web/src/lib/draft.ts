// What was typed and not yet sent, kept in the browser under a name until it is sent. Never secrets.
import { useCallback, useState } from 'react';
import { keep, kept } from './keep';

function read<T extends object>(name: string, empty: T): T {
  try {
    return { ...empty, ...(JSON.parse(kept(`draft.${name}`) ?? '{}') as Partial<T>) };
  } catch {
    return empty;
  }
}

/** The draft, a way to change parts of it, and a way to forget it. */
export function useDraft<T extends object>(name: string, empty: T): [T, (change: Partial<T>) => void, () => void] {
  const [draft, setDraft] = useState(() => read(name, empty));
  const change = useCallback(
    (part: Partial<T>) =>
      setDraft((old) => {
        const next = { ...old, ...part };
        keep(`draft.${name}`, JSON.stringify(next));
        return next;
      }),
    [name],
  );
  const forget = () => {
    keep(`draft.${name}`, '{}');
    setDraft(empty);
  };
  return [draft, change, forget];
}
