import type { ReactNode } from 'react';
import { Icon, type IconName } from './Icon';
import css from './Badge.module.css';

export type Tone = 'plain' | 'ok' | 'warn' | 'crit' | 'solid';

export function Badge({ tone = 'plain', icon, children }: { tone?: Tone; icon?: IconName; children: ReactNode }) {
  return (
    <span className={`${css.badge} ${css[tone]}`}>
      {icon ? <Icon name={icon} size={11} /> : null}
      {children}
    </span>
  );
}
