import { forDrawing } from '@/lib/decimal';
import css from './Progress.module.css';

/** Long work: the share that is done, and what is being done. A null share is work of unknown length. */
export function Progress({ share, label, tone = 'accent' }: { share: string | number | null; label: string; tone?: 'accent' | 'warn' | 'crit' | 'ink' }) {
  const done = share === null ? null : Math.max(0, Math.min(1, typeof share === 'string' ? forDrawing(share) : share));
  return (
    <span
      className={css.bar}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={done === null ? undefined : Math.round(done * 100)}
    >
      <span className={`${css[tone]} ${done === null ? css.endless : ''}`} style={{ width: done === null ? '30%' : `${done * 100}%` }} />
    </span>
  );
}
