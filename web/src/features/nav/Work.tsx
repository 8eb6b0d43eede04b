// A run that is being calculated: each account's progress, found again by whoever opens the run.
import type { RunAnswer } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { DataTable } from '@/ui/DataTable';
import { Panel } from '@/ui/Panel';
import { Progress } from '@/ui/Progress';
import { State } from '@/ui/States';
import { useWork } from './data';
import css from './nav.module.css';
import words from './words';

export function Work({ run }: { run: RunAnswer }) {
  const t = useWords(words);
  const { job, parts } = useWork(run);
  if (job?.state === 'failed') {
    return (
      <Panel>
        <State icon="crit" tone="crit" title={t.failedTitle}>
          {job.error} {t.failedHint}
        </State>
      </Panel>
    );
  }
  const ended = parts.filter((part) => part.state === 'done' || part.state === 'failed').length;
  const waiting = job === null || job.state === 'waiting';
  const reading = parts.length === 0 ? t.collectingRuns : t.accountsRead(String(ended), String(parts.length));
  const said = waiting ? t.collectingWait : parts.length > 0 && ended === parts.length ? t.calculating : reading;
  return (
    <Panel title={t.collectingTitle} sub={t.collectingHint}>
      <div className={css.padded}>
        <p className="ink2" aria-live="polite">
          {said}
        </p>
        <Progress share={parts.length === 0 ? null : ended / parts.length} label={t.collectingTitle} />
      </div>
      {parts.length > 0 ? (
        <DataTable
          label={t.collectingTitle}
          rows={parts}
          rowKey={(part) => part.account}
          columns={[
            { id: 'account', header: t.account, cell: (part) => part.account, card: 'title' },
            { id: 'message', header: t.state, cell: (part) => (part.error ? <span className="crit">{part.error}</span> : part.message), card: 'note' },
            {
              id: 'share',
              header: '',
              width: 180,
              cell: (part) => (
                <Progress
                  share={part.state === 'done' ? 1 : part.total ? part.done / part.total : null}
                  label={part.account}
                  tone={part.state === 'failed' ? 'crit' : 'accent'}
                />
              ),
              card: 'aside',
            },
          ]}
        />
      ) : null}
    </Panel>
  );
}
