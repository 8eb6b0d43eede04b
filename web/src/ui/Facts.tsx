import type { ReactNode } from 'react';
import css from './Facts.module.css';

/** Names at the left, what they are at the right: pairs of `dt` and `dd`. */
export function Facts({ className, children }: { className?: string; children: ReactNode }) {
  return <dl className={className ? `${css.facts} ${className}` : css.facts}>{children}</dl>;
}
