// Where the return of a running product went, in any window of its own marks.
import { SegmentedControl, TextInput } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Problem, api, ask } from '@/api/client';
import { useLanguage, useWords } from '@/lib/i18n';
import { moment } from '@/lib/time';
import { Percent } from '@/ui/Figure';
import { Panel } from '@/ui/Panel';
import { Shown, State } from '@/ui/States';
import css from './Analysis.module.css';
import { instantOf, localOf } from './instants';
import { Parts } from './Parts';
import words from './words';

const HOURS = { day: 24, week: 168, month: 720, all: 24 * 3650 } as const;
type Span = keyof typeof HOURS | 'own';
const SPANS: readonly Span[] = ['day', 'week', 'month', 'all', 'own'];

/** The window of a span that ends now, or the one that was typed. */
function windowOf(span: Span, from: string, to: string): { since?: string; until?: string } {
  if (span !== 'own') return { since: new Date(Date.now() - HOURS[span] * 3_600_000).toISOString() };
  const [since, until] = [instantOf(from), instantOf(to)];
  return { ...(since ? { since } : {}), ...(until ? { until } : {}) };
}

export function Attribution({ id, name }: { id: string; name: string }) {
  const t = useWords(words);
  const language = useLanguage();
  const [span, setSpan] = useState<Span>('day');
  const [from, setFrom] = useState(() => localOf(new Date(Date.now() - 86_400_000)));
  const [to, setTo] = useState(() => localOf(new Date()));
  const found = useQuery({
    queryKey: ['products', id, 'attribution', span, ...(span === 'own' ? [from, to] : [])],
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET('/api/v1/product-attributions/{listing}', { params: { path: { listing: id }, query: windowOf(span, from, to) } })),
  });
  const empty = found.error instanceof Problem && found.error.status === 422;
  return (
    <Panel
      title={t.where}
      sub={found.data && !empty ? t.window(moment(found.data.start, language), moment(found.data.end, language)) : undefined}
      tools={<SegmentedControl size="xs" aria-label={t.where} value={span} onChange={(value) => setSpan(value as Span)} data={SPANS.map((value) => ({ value, label: t.spans[value] }))} />}
    >
      {span === 'own' ? (
        <div className={`${css.pair} ${css.padded}`}>
          <TextInput type="datetime-local" label={t.from} value={from} onChange={(event) => setFrom(event.currentTarget.value)} />
          <TextInput type="datetime-local" label={t.to} value={to} onChange={(event) => setTo(event.currentTarget.value)} />
        </div>
      ) : null}
      {empty ? (
        <State icon="clock" title={t.emptyWindow}>
          <span lang="en">{found.error?.message}</span>
        </State>
      ) : (
        <Shown of={found} height={320}>
          {(data) => (
            <>
              <p className={`dim ${css.padded}`}>
                {t.ofUnderlying} <Percent value={data.underlying} signed unit="%" />
              </p>
              <Parts of={data} name={name} />
            </>
          )}
        </Shown>
      )}
    </Panel>
  );
}
