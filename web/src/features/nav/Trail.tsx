// Every step of the run as it was recorded.
import type { RunAnswer } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { full } from '@/lib/time';
import { DataTable } from '@/ui/DataTable';
import { ExportMenu } from '@/ui/ExportMenu';
import { Panel } from '@/ui/Panel';
import { Shown } from '@/ui/States';
import { useTrail } from './data';
import css from './nav.module.css';
import words from './words';

export function Trail({ run }: { run: RunAnswer }) {
  const t = useWords(words);
  const notes: Readonly<Record<string, string>> = { live: t.live, 'as recorded': t.recorded, complete: t.complete, provisional: t.provisional };
  return (
    <Panel title={t.trail} tools={<ExportMenu href={(format) => `/api/v1/nav/runs/${encodeURIComponent(run.id)}/events?format=${format}`} />}>
      <Shown of={useTrail(run.id)} rows={5}>
        {(events) => (
          <DataTable
            label={t.trail}
            rows={events}
            rowKey={(one) => String(one.version)}
            columns={[
              { id: 'at', header: t.since, cell: (one) => <span className="num">{full(one.at)}</span>, card: 'note' },
              { id: 'state', header: t.state, cell: (one) => <span className="medium">{t.steps[one.state]}</span>, card: 'title' },
              { id: 'actor', header: t.struckBy, cell: (one) => one.actor, card: 'value' },
              { id: 'note', header: t.note, cell: (one) => <span className={css.wrap}>{notes[one.note] ?? one.note}</span>, card: 'line' },
            ]}
          />
        )}
      </Shown>
    </Panel>
  );
}
