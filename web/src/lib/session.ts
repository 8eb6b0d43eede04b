// Who is logged in. A session that ends under an open page asks for the password over it; nothing typed is lost.
import { useSyncExternalStore } from 'react';
import type { Me } from '@/api/schema';

type State =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'out' }
  | { readonly kind: 'in'; readonly me: Me; readonly expired: boolean };

const listeners = new Set<() => void>();
const waiting = new Set<() => void>();
let state: State = { kind: 'unknown' };

function become(next: State): void {
  state = next;
  listeners.forEach((listener) => listener());
}

export const session = {
  get: (): State => state,

  csrf: (): string | null => (state.kind === 'in' ? (state.me.csrf ?? null) : null),

  begin(me: Me): void {
    become({ kind: 'in', me, expired: false });
    waiting.forEach((go) => go());
    waiting.clear();
  },

  end(): void {
    become({ kind: 'out' });
  },

  /** Ask for a new log-in over the page; resolves when it succeeded. */
  renew(): Promise<void> {
    return new Promise((resolve) => {
      waiting.add(resolve);
      if (state.kind === 'in' && !state.expired) become({ ...state, expired: true });
    });
  },
};

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useSession(): State {
  return useSyncExternalStore(subscribe, session.get);
}

/** Who is logged in, inside the shell. */
export function useMe(): Me {
  const found = useSession();
  if (found.kind !== 'in') throw new Error('useMe outside of a session');
  return found.me;
}
