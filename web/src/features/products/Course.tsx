// How a product went: NAV, price and leverage over a span that is chosen.
import { SegmentedControl } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Disclosure, ProductPoint } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { Panel } from '@/ui/Panel';
import { Shown, State } from '@/ui/States';
import { Lines } from './Lines';
import words from './words';

const SPANS = ['day', 'week', 'month', 'year'] as const;
export type Span = (typeof SPANS)[number];

interface CourseProps {
  /** Of the product, where it is kept while it is shown. */
  name: string;
  data: Disclosure;
  read: (span: Span) => Promise<readonly ProductPoint[]>;
  /** Milliseconds; for who hears no news. */
  againAfter?: number;
}

export function Course({ name, data, read, againAfter }: CourseProps) {
  const t = useWords(words);
  const [span, setSpan] = useState<Span>('day');
  const series = useQuery({ queryKey: ['products', name, 'series', span], queryFn: () => read(span), placeholderData: keepPreviousData, refetchInterval: againAfter ?? false });
  return (
    <Panel
      title={t.history}
      sub={t.start100}
      tools={
        <SegmentedControl
          size="xs"
          aria-label={t.history}
          value={span}
          onChange={(value) => setSpan(value as Span)}
          data={SPANS.map((value) => ({ value, label: t.series[value] }))}
        />
      }
    >
      <Shown of={series} height={380}>
        {(points) => (points.length < 2 ? <State icon="price" title={t.noSeries} /> : <Lines points={points} data={data} />)}
      </Shown>
    </Panel>
  );
}
