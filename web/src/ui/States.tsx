// What a place shows when it has nothing to show: designed, not left over.
import { Button } from '@mantine/core';
import { useEffect, useState, type ReactNode } from 'react';
import { Problem } from '@/api/client';
import { useWords } from '@/lib/i18n';
import { Icon, type IconName } from './Icon';
import css from './States.module.css';
import { toldOf } from './tell';
import words from './words';

interface StateProps {
  icon: IconName;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  tone?: 'plain' | 'crit' | 'accent';
}

export function State({ icon, title, children, action, tone = 'plain' }: StateProps) {
  return (
    <div className={css.state} role={tone === 'crit' ? 'alert' : undefined}>
      <span className={css[tone]}>
        <Icon name={icon} size={18} />
      </span>
      <h3>{title}</h3>
      {children ? <p className="ink2">{children}</p> : null}
      {action ? <div className={css.action}>{action}</div> : null}
    </div>
  );
}

/** Nothing yet: one sentence, one way on. */
export function Empty({ title, children, action, icon = 'info' }: Omit<StateProps, 'tone' | 'icon'> & { icon?: IconName }) {
  return (
    <State icon={icon} title={title} action={action}>
      {children}
    </State>
  );
}

/** A refusal or a silence, in the words of the API, and the next try. */
export function ErrorState({ error, retry }: { error: Error; retry?: () => void }) {
  const t = useWords(words);
  const problem = error instanceof Problem ? error : null;
  if (problem?.status === 403) return <NoPermission detail={error.message} />;
  const missing = problem?.status === 404;
  const told = toldOf(error);
  return (
    <State
      icon={missing ? 'search' : 'crit'}
      tone={missing ? 'plain' : 'crit'}
      title={missing ? t.notFound : told.title}
      action={
        retry ? (
          <Button onClick={retry} leftSection={<Icon name="refresh" size={13} />}>
            {t.tryNow}
          </Button>
        ) : null
      }
    >
      <span lang={problem && problem.status !== 0 ? 'en' : undefined}>{told.message}</span>
      {problem?.body.request_id ? <small className="mono dim">{t.request(problem.body.request_id)}</small> : null}
    </State>
  );
}

export function NoPermission({ action, detail }: { action?: string; detail?: string }) {
  const t = useWords(words);
  return (
    <State icon="lock" title={t.noPermission}>
      {detail ?? (action ? t.noPermissionHint(action) : t.notFoundHint)}
    </State>
  );
}

/** A skeleton in the final shape; nothing at all in the first 150 ms, so that quick answers do not flicker. */
export function Loading({ rows = 6, height }: { rows?: number; height?: number }) {
  const t = useWords(words);
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), 150);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className={css.loading} role="status" aria-label={t.loading} style={{ minHeight: height, opacity: shown ? 1 : 0 }}>
      {Array.from({ length: rows }, (_, index) => (
        <span key={index} style={{ width: `${88 - ((index * 37) % 46)}%` }} />
      ))}
    </div>
  );
}

interface Read<T> {
  data: T | undefined;
  error: Error | null;
  refetch: () => unknown;
}

/** The usual way through a read: skeleton, refusal or the thing. Old data stays while a new try fails. */
export function Shown<T>({ of, rows, height, children }: { of: Read<T>; rows?: number; height?: number; children: (data: T) => ReactNode }) {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (of.error) return <ErrorState error={of.error} retry={() => void of.refetch()} />;
  return <Loading rows={rows} height={height} />;
}
