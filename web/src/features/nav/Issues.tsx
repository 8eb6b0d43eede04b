// Open data issues of what this run is made of, those that block publication first.
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import { api, askAll } from '@/api/client';
import type { IssueAnswer, RunFigures } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { moment } from '@/lib/time';
import { Badge } from '@/ui/Badge';
import { DataTable } from '@/ui/DataTable';
import { ExportMenu } from '@/ui/ExportMenu';
import { Finding, Mend } from '@/ui/Finding';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import words from './words';

export function Issues({ figures }: { figures: RunFigures }) {
  const t = useWords(words);
  const language = useLanguage();
  const navigate = useNavigate();
  const issues = useQuery({
    queryKey: ['issues', 'open'],
    queryFn: () => askAll<IssueAnswer>((cursor) => api.GET('/api/v1/issues', { params: { query: { state: 'open', limit: 500, cursor } } })),
  });
  const mine = new Set([...figures.places.map((one) => one.account), ...figures.labels.map((one) => one.subject), ...figures.funds.map((one) => one.fund)]);
  return (
    <Panel title={t.openIssues} tools={<ExportMenu href={(format) => `/api/v1/issues?state=open&format=${format}`} />}>
      <Shown of={issues} rows={5}>
        {(found) => (
          <DataTable
            label={t.openIssues}
            rows={found.filter((one) => mine.has(one.subject)).sort((one, other) => Number(other.blocking) - Number(one.blocking))}
            rowKey={(one) => one.id}
            onOpen={(one) => void navigate(`/issues/${encodeURIComponent(one.id)}`)}
            empty={
              <Empty icon="check" title={t.noIssues}>
                {t.noIssuesHint}
              </Empty>
            }
            columns={[
              { id: 'blocks', header: '', width: 70, cell: (one) => <Badge tone={one.blocking ? 'crit' : 'plain'}>{one.blocking ? t.blockingWord : t.noteWord}</Badge>, card: 'aside' },
              { id: 'what', header: t.what, cell: (one) => <Finding kind={one.kind} subject={one.subject} message={one.message} />, card: 'title' },
              { id: 'mend', header: t.mend, cell: (one) => <Mend kind={one.kind} mend={one.mend} />, card: 'note' },
              { id: 'since', header: t.since, unit: 'UTC', cell: (one) => moment(one.opened_at, language), sortBy: (one) => one.opened_at, card: 'line' },
            ]}
          />
        )}
      </Shown>
    </Panel>
  );
}
