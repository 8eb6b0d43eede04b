import { Button, SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Problem, api, ask } from '@/api/client';
import type { MarkRow, MarksPage } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { age, full, moment } from '@/lib/time';
import { DataTable, type Column } from '@/ui/DataTable';
import { ExportMenu } from '@/ui/ExportMenu';
import { Figure, Unknown } from '@/ui/Figure';
import { Icon, type IconName } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { Empty, ErrorState, Loading } from '@/ui/States';
import { ManualMark } from './ManualMark';
import css from './Pricing.module.css';
import words from './words';

const ICONS: Readonly<Record<string, IconName>> = { fresh: 'check', stale: 'clock', unpriced: 'warn' };
const SHOWN = ['all', 'stale', 'unpriced'] as const;

async function allMarks(fund: string, live: boolean): Promise<MarksPage> {
  const page = (cursor?: string): Promise<MarksPage> => ask(api.GET('/api/v1/marks', { params: { query: { fund, live, cursor, limit: 500 } } }));
  const first = await page();
  const items = [...first.items];
  for (let next = first.next; next; ) {
    const more = await page(next);
    items.push(...more.items);
    next = more.next;
  }
  return { ...first, items };
}

/** The mark of everything in the fund, with its source and age. */
export function Marks({ fund }: { fund: string }) {
  const t = useWords(words);
  const language = useLanguage();
  const can = useCan();
  const [live, setLive] = useState(false);
  const [only, setOnly] = useState<(typeof SHOWN)[number]>('all');
  const [marking, setMarking] = useState<MarkRow | null>(null);
  const marks = useQuery({ queryKey: ['marks', fund, live], queryFn: () => allMarks(fund, live) });
  if (!marks.data) {
    const none = marks.error instanceof Problem && marks.error.body.type.endsWith(':no-figures');
    return (
      <Panel title={t.marks}>
        {none ? (
          <Empty icon="nav" title={t.noFigures} action={<Button onClick={() => setLive(true)}>{t.showNow}</Button>}>
            {t.noFiguresHint}
          </Empty>
        ) : marks.error ? (
          <ErrorState error={marks.error} retry={() => void marks.refetch()} />
        ) : (
          <Loading rows={12} />
        )}
      </Panel>
    );
  }
  const { items, as_of, run } = marks.data;
  const count = (quality: string) => items.filter((one) => quality === 'all' || one.quality === quality).length;
  const rows = items.filter((one) => only === 'all' || one.quality === only);
  const columns: Column<MarkRow>[] = [
    { id: 'subject', header: t.subject, cell: (one) => <span className="medium" title={one.subject}>{one.symbol}</span>, sortBy: (one) => one.symbol, card: 'title' },
    { id: 'venue', header: t.venue, cell: (one) => (one.venue ? one.venue : <span className="dim">{t.anyVenue}</span>), sortBy: (one) => one.venue, card: 'note' },
    { id: 'usd', header: t.price, unit: t.usd, align: 'right', cell: (one) => <Figure value={one.price_usd} places={4} reason={one.note} provisional={one.quality === 'stale'} />, sortBy: (one) => one.price_usd, card: 'value' },
    { id: 'source', header: t.source, cell: (one) => <span className="ink2">{one.source || '—'}</span>, sortBy: (one) => one.source },
    {
      id: 'age',
      header: t.age,
      align: 'right',
      cell: (one) => (one.age_seconds === null ? <Unknown reason={one.note} /> : <span className="num" title={one.quoted_at ? full(one.quoted_at) : undefined}>{age(one.age_seconds, language)}</span>),
      sortBy: (one) => (one.age_seconds === null ? null : String(one.age_seconds)),
      card: 'aside',
    },
    {
      id: 'quality',
      header: t.quality,
      cell: (one) => (
        <span className={`${css.quality} ${one.quality === 'fresh' ? '' : 'warn'}`}>
          <Icon name={ICONS[one.quality] ?? 'info'} size={13} />
          {t[one.quality as 'fresh' | 'stale' | 'unpriced'] ?? one.quality}
        </span>
      ),
      sortBy: (one) => one.quality,
    },
    { id: 'note', header: t.note, cell: (one) => <span className="dim">{one.note}</span>, card: 'none' },
  ];
  return (
    <>
      <Panel
        title={t.marks}
        sub={run ? t.ofRun(moment(as_of, language)) : t.ofNow(moment(as_of, language))}
        tools={
          <span className={css.tools}>
            <SegmentedControl value={live ? 'now' : 'run'} onChange={(next) => setLive(next === 'now')} data={[{ value: 'run', label: t.lastRun }, { value: 'now', label: t.now }]} />
            <SegmentedControl value={only} onChange={(next) => setOnly(next as typeof only)} data={SHOWN.map((one) => ({ value: one, label: `${t[one]} ${count(one)}` }))} />
            <ExportMenu href={(format) => `/api/v1/marks?fund=${encodeURIComponent(fund)}&live=${live}&format=${format}`} />
          </span>
        }
      >
        <DataTable
          label={t.marks}
          columns={columns}
          rows={rows}
          rowKey={(one) => `${one.subject} ${one.venue}`}
          onOpen={can('manual:write') ? setMarking : undefined}
          selected={marking ? `${marking.subject} ${marking.venue}` : null}
          empty={<Empty icon="check" title={t.noMarks} />}
        />
      </Panel>
      <ManualMark mark={marking} onClose={() => setMarking(null)} />
    </>
  );
}
