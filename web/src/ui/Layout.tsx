// How the page of one thing is laid out: a head of four answers, and under it what happened beside what is held.
import type { ReactNode } from 'react';
import css from './Layout.module.css';

/** Panels beneath each other. */
export function Stack({ children }: { children: ReactNode }) {
  return <div className={css.stack}>{children}</div>;
}

/** Two stacks beside each other; in a narrow window the main one comes first. */
export function Columns({ main, side }: { main: ReactNode; side: ReactNode }) {
  return (
    <div className={css.columns}>
      <Stack>{main}</Stack>
      <Stack>{side}</Stack>
    </div>
  );
}

/** Answers side by side, four where there is room. */
export function Answers({ children }: { children: ReactNode }) {
  return <div className={css.answers}>{children}</div>;
}
