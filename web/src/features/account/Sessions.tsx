import { Button } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { api, ask } from '@/api/client';
import type { SessionAnswer } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { queries } from '@/lib/queries';
import { moment } from '@/lib/time';
import { Badge } from '@/ui/Badge';
import { type Column, DataTable } from '@/ui/DataTable';
import { Panel } from '@/ui/Panel';
import { Shown } from '@/ui/States';
import words from './words';

const KEY = ['me', 'sessions'];

export function Sessions() {
  const t = useWords(words);
  const sessions = useQuery({ queryKey: KEY, queryFn: () => ask(api.GET('/api/v1/me/sessions')) });
  const refresh = () => void queries.invalidateQueries({ queryKey: KEY });
  const endOthers = useMutation({ mutationFn: () => ask(api.DELETE('/api/v1/me/sessions')), onSuccess: refresh });
  const end = useMutation({
    mutationFn: (id: string) => ask(api.DELETE('/api/v1/me/sessions/{session_id}', { params: { path: { session_id: id } } })),
    onSuccess: refresh,
  });
  const others = sessions.data?.items.some((one) => !one.current) ?? false;
  return (
    <Panel
      title={t.sessions}
      tools={
        <Button size="xs" disabled={!others} loading={endOthers.isPending} onClick={() => endOthers.mutate()}>
          {t.endOthers}
        </Button>
      }
    >
      <Shown of={sessions} rows={3}>
        {({ items }) => <Open sessions={items} onEnd={(id) => end.mutate(id)} />}
      </Shown>
    </Panel>
  );
}

function Open({ sessions, onEnd }: { sessions: readonly SessionAnswer[]; onEnd: (id: string) => void }) {
  const t = useWords(words);
  const language = useLanguage();
  const columns: readonly Column<SessionAnswer>[] = [
    { id: 'device', header: t.device, card: 'title', cell: (row) => row.device },
    { id: 'from', header: t.from, cell: (row) => <span className="mono">{row.seen_from}</span> },
    { id: 'proved', header: t.proved, cell: (row) => row.methods.map((method) => t.methods[method] ?? method).join(', ') },
    { id: 'seen', header: t.seen, cell: (row) => <span className="num">{moment(row.last_seen_at, language)}</span> },
    {
      id: 'end',
      header: '',
      align: 'right',
      card: 'value',
      cell: (row) =>
        row.current ? (
          <Badge tone="ok">{t.here}</Badge>
        ) : (
          <Button size="compact-xs" variant="subtle" onClick={() => onEnd(row.id)}>
            {t.end}
          </Button>
        ),
    },
  ];
  return <DataTable label={t.sessions} columns={columns} rows={sessions} rowKey={(row) => row.id} />;
}
