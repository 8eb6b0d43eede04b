// What was told, through which channel, and how it went.
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { Event, NoticeAnswer } from '@/api/schema';
import { toCsv } from '@/lib/csv';
import { saveBlob } from '@/lib/download';
import { useLanguage, useWords } from '@/lib/i18n';
import { moment } from '@/lib/time';
import { Badge, type Tone } from '@/ui/Badge';
import { type Column, DataTable } from '@/ui/DataTable';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import { useChannels, useNotices } from './data';
import css from './Notices.module.css';
import words from './words';

const TONES: Readonly<Record<NoticeAnswer['state'], Tone>> = { waiting: 'warn', sent: 'ok', failed: 'crit' };

export function Outbox() {
  const t = useWords(words);
  const notices = useNotices();
  const csv = notices.data?.length ? (
    <Button size="xs" variant="subtle" color="gray" leftSection={<Icon name="download" size={13} />} onClick={() => saveCsv(notices.data ?? [])}>
      {t.exportCsv}
    </Button>
  ) : null;
  return (
    <Panel title={t.outbox} sub={t.outboxHint} tools={csv}>
      <Shown of={notices} rows={4}>
        {(found) => <Sent notices={found} />}
      </Shown>
    </Panel>
  );
}

function Sent({ notices }: { notices: readonly NoticeAnswer[] }) {
  const t = useWords(words);
  const language = useLanguage();
  const channels = new Map((useChannels().data ?? []).map((one) => [one.id, one.target]));
  const columns: readonly Column<NoticeAnswer>[] = [
    { id: 'at', header: t.at, sortBy: (row) => row.at, card: 'note', cell: (row) => <span className="num">{moment(row.at, language)}</span> },
    { id: 'event', header: t.event, sortBy: (row) => row.event, card: 'title', cell: (row) => t.eventNames[row.event as Event] ?? row.event },
    { id: 'about', header: t.about, cell: (row) => <About of={row.about} /> },
    { id: 'channel', header: t.channel, cell: (row) => channels.get(row.channel) ?? <span className="dim">{t.gone}</span> },
    { id: 'attempts', header: t.attempts, align: 'right', sortBy: (row) => String(row.attempts), cell: (row) => <span className="num">{row.attempts}</span> },
    { id: 'state', header: t.state, sortBy: (row) => row.state, card: 'aside', cell: (row) => <Badge tone={TONES[row.state]}>{t.states[row.state]}</Badge> },
    {
      id: 'error',
      header: t.error,
      cell: (row) => (
        <span className={css.long}>
          {row.error}
          {row.state === 'waiting' && row.attempts > 0 ? <span className="dim"> {t.nextTry(moment(row.next_at, language))}</span> : null}
        </span>
      ),
    },
  ];
  const empty = (
    <Empty icon="bell" title={t.noNotices}>
      {t.noNoticesHint}
    </Empty>
  );
  return <DataTable label={t.outbox} columns={columns} rows={notices} rowKey={(row) => `${row.id} ${row.channel}`} empty={empty} maxHeight={420} />;
}

function About({ of }: { of: NoticeAnswer['about'] }): ReactNode {
  if (of['run']) {
    return (
      <Link className="link" to={`/nav/${of['run']}`}>
        {of['fund'] ?? of['run']}
      </Link>
    );
  }
  return of['account'] ?? '';
}

function saveCsv(notices: readonly NoticeAnswer[]): void {
  const rows = notices.map((one) => [one.at, one.event, JSON.stringify(one.about), one.channel, one.kind, one.state, one.attempts, one.sent_at ?? '', one.error ?? '']);
  const head = ['at', 'event', 'about', 'channel', 'kind', 'state', 'attempts', 'sent_at', 'error'];
  saveBlob(new Blob([toCsv([head, ...rows])], { type: 'text/csv' }), 'notices.csv');
}
