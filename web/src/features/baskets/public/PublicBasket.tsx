// A basket product as its issuer discloses it: for everybody, without a log-in.
import { useQuery } from '@tanstack/react-query';
import { api, ask, Problem } from '@/api/client';
import type { PublicBasket as Basket } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { type Column, DataTable } from '@/ui/DataTable';
import { Facts } from '@/ui/Facts';
import { Figure, Percent, PercentChange } from '@/ui/Figure';
import { Answers, Columns } from '@/ui/Layout';
import { Panel } from '@/ui/Panel';
import { PublicPage } from '@/ui/PublicPage';
import { Shown, State } from '@/ui/States';
import css from '../Baskets.module.css';
import { Line } from '../Course';
import { Files } from '../Lists';
import words from '../words';
import type { Place } from './address';

const AGAIN_AFTER_MS = 15_000;

type Position = NonNullable<Basket['disclosure']>['lines'][number];
type Listed = Basket['listed']['lines'][number];

export default function PublicBasket({ place }: { place: Place }) {
  const t = useWords(words);
  const found = useQuery({
    queryKey: ['public', place.tenant, 'basket', place.product],
    queryFn: () => ask(api.GET('/api/v1/public/{tenant}/baskets/{product}', { params: { path: place } })),
    refetchInterval: AGAIN_AFTER_MS,
  });
  const missing = found.error instanceof Problem && found.error.status === 404;
  return (
    <PublicPage title={found.data?.name ?? place.product} foot={t.by}>
      {missing ? (
        <State icon="search" title={t.missingProduct}>
          {t.missingHint}
        </State>
      ) : (
        <Shown of={found} rows={12}>
          {(data) => <Whole place={place} data={data} />}
        </Shown>
      )}
    </PublicPage>
  );
}

function Whole({ place, data }: { place: Place; data: Basket }) {
  const t = useWords(words);
  const series = useQuery({
    queryKey: ['public', place.tenant, 'basket', place.product, 'inav'],
    queryFn: () => ask(api.GET('/api/v1/public/{tenant}/baskets/{product}/inav', { params: { path: place } })),
    refetchInterval: AGAIN_AFTER_MS,
  });
  return (
    <>
      <Head data={data} />
      <Columns
        main={
          <>
            <Panel title={t.inav} sub={t.day}>
              <Shown of={series} height={260}>
                {(points) => <Line points={points} name={data.name} />}
              </Shown>
            </Panel>
            <Positions place={place} data={data} />
          </>
        }
        side={<List place={place} data={data} />}
      />
    </>
  );
}

function Head({ data: { name, listed, disclosure, inav, symbols } }: { data: Basket }) {
  const t = useWords(words);
  const quote = symbols[listed.quote] ?? listed.quote;
  return (
    <Panel padded>
      <Answers>
        <div>
          <h2 className="dim">{`${name} · ${t.navPerShare}`}</h2>
          <p className="hero">
            <Figure value={listed.nav_per_share} places={4} /> <small>{quote}</small>
          </p>
          <p className="dim num">{listed.previous_day}</p>
        </div>
        <Facts>
          <dt>{`${t.inav}, ${quote}`}</dt>
          <dd>
            <Figure value={inav?.per_share} places={4} reason={t.noneNow} />
          </dd>
          <dt>{t.coverage}</dt>
          <dd>
            <Percent value={inav?.coverage} places={1} unit="%" reason={t.noneNow} />
          </dd>
        </Facts>
        <Facts>
          <dt>{`${t.lastPrice}, ${quote}`}</dt>
          <dd>
            <Figure value={inav?.market_price} places={4} reason={t.noPrice} />
          </dd>
          <dt>{t.premium}</dt>
          <dd>
            <PercentChange value={inav?.premium} places={3} unit="%" reason={t.noPrice} bare calm />
          </dd>
        </Facts>
        <Facts>
          <dt>{t.shares}</dt>
          <dd>
            <Figure value={String(listed.shares_outstanding)} />
          </dd>
          <dt>{`${t.nav}, ${quote}`}</dt>
          <dd>
            <Figure value={disclosure?.nav} places={2} reason={t.unknownNow} />
          </dd>
        </Facts>
      </Answers>
    </Panel>
  );
}

const file = (place: Place, what: string, form: string) => `/api/v1/public/${place.tenant}/baskets/${place.product}/${what}.${form}`;

function Positions({ place, data: { disclosure, symbols } }: { place: Place; data: Basket }) {
  const t = useWords(words);
  if (!disclosure) return null;
  const columns: readonly Column<Position>[] = [
    { id: 'asset', header: t.asset, card: 'title', cell: (line) => <span className="medium">{symbols[line.asset] ?? line.asset}</span> },
    { id: 'quantity', header: t.quantity, align: 'right', cell: (line) => <Figure value={line.quantity} places={6} /> },
    { id: 'price', header: t.price, align: 'right', cell: (line) => <Figure value={line.price} places={2} /> },
    { id: 'value', header: t.value, align: 'right', card: 'value', cell: (line) => <Figure value={line.value} places={2} /> },
    { id: 'weight', header: t.weight, unit: '%', align: 'right', cell: (line) => <Percent value={line.weight} places={2} /> },
  ];
  return (
    <Panel title={`${t.disclosure} ${disclosure.day}`} tools={<Files forms={['json', 'csv']} href={(form) => file(place, 'disclosure', form)} />}>
      <DataTable label={t.disclosure} columns={columns} rows={disclosure.lines} rowKey={(line) => line.asset} />
      <Facts className={css.foot}>
        <dt>{`${t.cash}, ${symbols[disclosure.quote] ?? disclosure.quote}`}</dt>
        <dd>
          <Figure value={disclosure.cash} places={2} />
        </dd>
      </Facts>
    </Panel>
  );
}

function List({ place, data: { listed, symbols } }: { place: Place; data: Basket }) {
  const t = useWords(words);
  const columns: readonly Column<Listed>[] = [
    { id: 'asset', header: t.asset, card: 'title', cell: (line) => <span className="medium">{symbols[line.asset] ?? line.asset}</span> },
    { id: 'quantity', header: t.quantity, align: 'right', card: 'value', cell: (line) => <span className="num">{line.quantity}</span> },
    { id: 'cash', header: t.substitution, card: 'aside', cell: (line) => t.substitutions[line.substitution] },
  ];
  return (
    <Panel title={t.listOf(listed.trade_day)} tools={<Files forms={['json', 'csv', 'xml']} href={(form) => file(place, 'list', form)} />}>
      <DataTable label={t.listOf(listed.trade_day)} columns={columns} rows={listed.lines} rowKey={(line) => line.asset} />
      <Facts className={css.foot}>
        <dt>{t.unit}</dt>
        <dd>
          <Figure value={String(listed.unit_size)} />
        </dd>
        <dt>{t.unitValue}</dt>
        <dd>
          <Figure value={listed.unit_value} places={2} />
        </dd>
        <dt>{t.estimatedCash}</dt>
        <dd>
          <Figure value={listed.estimated_cash} places={4} />
        </dd>
        <dt>{t.previousCash}</dt>
        <dd>
          <Figure value={listed.previous_cash} places={4} reason={t.noPrevious} />
        </dd>
      </Facts>
    </Panel>
  );
}
