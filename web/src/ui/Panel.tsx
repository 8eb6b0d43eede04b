import type { ReactNode } from 'react';
import css from './Panel.module.css';

interface PanelProps {
  title?: ReactNode;
  /** The unit or state of what is inside, in one short line. */
  sub?: ReactNode;
  /** Controls at the right of the head. */
  tools?: ReactNode;
  children: ReactNode;
  /** Without it the content touches the panel's edges, as tables do. */
  padded?: boolean;
  className?: string;
  id?: string;
}

/** A surface with a head. Panels never hold panels. */
export function Panel({ title, sub, tools, children, padded = false, className, id }: PanelProps) {
  return (
    <section className={className ? `${css.panel} ${className}` : css.panel} id={id}>
      {title || tools ? (
        <header className={css.head}>
          {title ? <h2>{title}</h2> : null}
          {sub ? <span className={css.sub}>{sub}</span> : null}
          {tools ? <span className="grow" /> : null}
          {tools}
        </header>
      ) : null}
      <div className={padded ? css.padded : css.body}>{children}</div>
    </section>
  );
}
