// Who is logged in. A session that ends under an open page asks for the password over it; nothing typed is lost.
import { useSyncExternalStore } from 'react';
import type { Me } from '@/api/schema';

/** Why a log-in is asked for over the page: the session has `ended`, or a change needs a `stale` proof made fresh. */
export type Asked = 'ended' | 'stale' | null;

type State =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'out' }
  | { readonly kind: 'in'; readonly me: Me; readonly expired: Asked };

const listeners = new Set<() => void>();
const waiting = new Set<(done: boolean) => void>();
let state: State = { kind: 'unknown' };

function answerAll(done: boolean): void {
  waiting.forEach((go) => go(done));
  waiting.clear();
}

function become(next: State): void {
  state = next;
  listeners.forEach((listener) => listener());
}

export const session = {
  get: (): State => state,

  csrf: (): string | null => (state.kind === 'in' ? (state.me.csrf ?? null) : null),

  begin(me: Me): void {
    become({ kind: 'in', me, expired: null });
    answerAll(true);
  },

  end(): void {
    become({ kind: 'out' });
  },

  /** Ask for a new log-in over the page; resolves to whether it was made. */
  renew(why: 'ended' | 'stale' = 'ended'): Promise<boolean> {
    return new Promise((resolve) => {
      waiting.add(resolve);
      if (state.kind === 'in' && state.expired !== 'ended') become({ ...state, expired: why });
    });
  },

  /** Leave a change undone instead of proving who one is; an ended session leaves no such choice. */
  giveUp(): void {
    if (state.kind === 'in' && state.expired === 'stale') {
      become({ ...state, expired: null });
      answerAll(false);
    }
  },
};

/** Hear of every change of who is there; gives the function that ends it. */
export function onSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useSession(): State {
  return useSyncExternalStore(onSession, session.get);
}

/** Who is logged in, inside the shell. */
export function useMe(): Me {
  const found = useSession();
  if (found.kind !== 'in') throw new Error('useMe outside of a session');
  return found.me;
}
