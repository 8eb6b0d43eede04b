import { useEffect } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { useWords } from '@/lib/i18n';
import { Icon } from '@/ui/Icon';
import { Progress } from '@/ui/Progress';
import css from './Connections.module.css';
import { useJob, useJobAccounts } from './data';
import words from './words';

/** How far a gathering is, account by account. It goes on without this page. */
export function Gathering({ job, onHide }: { job: string; onHide?: () => void }) {
  const t = useWords(words);
  const queries = useQueryClient();
  const found = useJob(job);
  const state = found.data?.state ?? 'waiting';
  const over = state === 'done' || state === 'failed';
  const { data } = useJobAccounts(job, !over);
  const parts = data?.items ?? [];
  const read = parts.filter((part) => part.state === 'done' || part.state === 'failed').length;
  const failed = parts.filter((part) => part.state === 'failed').length;
  useEffect(() => {
    if (over) void queries.invalidateQueries({ queryKey: ['sources'] });
  }, [over, queries]);
  const line = state === 'waiting' ? t.gatheringWaits : over ? (failed > 0 ? t.gatheringSome(failed) : t.gatheringDone) : t.gatheringLine(read, parts.length);
  return (
    <div className={css.gathering} role="status">
      <div className={css.gatheringHead}>
        <span className="medium">{t.gatheringTitle}</span>
        <Progress share={over ? 1 : parts.length === 0 ? null : read / parts.length} label={t.gatheringTitle} tone={failed > 0 ? 'warn' : 'accent'} />
        <span className="num nowrap">{line}</span>
        {onHide ? (
          <button type="button" className="link" onClick={onHide}>
            {t.hide}
          </button>
        ) : null}
      </div>
      {found.data?.error ? <p className="crit">{found.data.error}</p> : null}
      <ul className={css.parts}>
        {parts.map((part) => (
          <li key={part.account} className={part.state === 'failed' ? 'crit' : undefined}>
            <Icon name={part.state === 'done' ? 'check' : part.state === 'failed' ? 'crit' : 'clock'} size={13} />
            <span className="medium">{part.account}</span>
            <span className={part.state === 'failed' ? css.partError : 'dim'}>{part.error ?? part.message}</span>
          </li>
        ))}
      </ul>
      {over ? null : <p className="dim">{t.mayLeave}</p>}
    </div>
  );
}
