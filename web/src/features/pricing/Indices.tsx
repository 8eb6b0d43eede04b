import { useQuery } from '@tanstack/react-query';
import { api, ask } from '@/api/client';
import type { IndexComposition, IndexVenue } from '@/api/schema';
import { useSymbols } from '@/lib/assets';
import { shift, show } from '@/lib/decimal';
import { useLanguage, useWords } from '@/lib/i18n';
import { age } from '@/lib/time';
import { Badge } from '@/ui/Badge';
import { DataTable, type Column } from '@/ui/DataTable';
import { Figure, PercentChange, Unknown } from '@/ui/Figure';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import css from './Pricing.module.css';
import words from './words';

const TONES = { used: 'ok', outlier: 'crit', stale: 'warn', missing: 'warn' } as const;

/** Each index with its venues: whose price was used, and whose was cut. */
export function Indices({ fund }: { fund: string }) {
  const t = useWords(words);
  const found = useQuery({ queryKey: ['marks', 'indices', fund], queryFn: () => ask(api.GET('/api/v1/indices', { params: { query: { fund } } })) });
  return (
    <Shown of={found}>
      {(every) =>
        every.length === 0 ? (
          <Panel>
            <Empty icon="price" title={t.noIndices} />
          </Panel>
        ) : (
          <div className={css.indices}>
            {every.map((one) => (
              <Index key={one.id} index={one} />
            ))}
          </div>
        )
      }
    </Shown>
  );
}

function Index({ index }: { index: IndexComposition }) {
  const t = useWords(words);
  const language = useLanguage();
  const symbol = useSymbols();
  const columns: Column<IndexVenue>[] = [
    { id: 'venue', header: t.source, cell: (one) => <span className="medium">{one.venue}</span>, card: 'title' },
    { id: 'price', header: t.price, align: 'right', cell: (one) => <Figure value={one.price} places={4} reason={t.states[one.state]} />, card: 'value' },
    { id: 'deviation', header: t.deviation, unit: '%', align: 'right', cell: (one) => (one.deviation === null ? <Unknown /> : <PercentChange value={one.deviation} places={3} calm />), card: 'aside' },
    { id: 'volume', header: t.volume, align: 'right', cell: (one) => <Figure value={one.volume} places={2} />, card: 'line' },
    { id: 'age', header: t.age, align: 'right', cell: (one) => (one.age_seconds === null ? <Unknown /> : age(one.age_seconds, language)), card: 'line' },
    { id: 'state', header: t.quality, cell: (one) => <Badge tone={TONES[one.state]}>{t.states[one.state]}</Badge>, card: 'note' },
  ];
  return (
    <Panel title={index.id} sub={t.composition(symbol(index.base), symbol(index.quote))} tools={<Badge tone={index.status === 'ok' ? 'ok' : 'warn'}>{t.statuses[index.status]}</Badge>}>
      <dl className={css.indexFigures}>
        <div>
          <dt>{t.index}</dt>
          <dd>
            <Figure value={index.price} places={4} />
          </dd>
        </div>
        <div>
          <dt>{t.median}</dt>
          <dd>
            <Figure value={index.median} places={4} />
          </dd>
        </div>
        <p className="dim">
          {t.cut(show(shift(index.outlier_cut, 2), 1))}, {t.least(index.minimum_venues)}
        </p>
      </dl>
      <DataTable label={index.id} columns={columns} rows={index.venues} rowKey={(one) => one.venue} />
    </Panel>
  );
}
