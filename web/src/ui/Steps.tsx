import type { ReactNode } from 'react';
import css from './Steps.module.css';

/** What happened, one beneath the other: each an `li`. */
export function Steps({ children }: { children: ReactNode }) {
  return <ol className={css.steps}>{children}</ol>;
}
