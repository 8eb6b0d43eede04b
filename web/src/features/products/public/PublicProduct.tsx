// A product as its issuer discloses it: for everybody, without a log-in.
import { useQuery } from '@tanstack/react-query';
import { api, ask, Problem } from '@/api/client';
import type { Disclosure } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { full, moment } from '@/lib/time';
import { type Column, DataTable } from '@/ui/DataTable';
import { Figure } from '@/ui/Figure';
import { Columns } from '@/ui/Layout';
import { Panel } from '@/ui/Panel';
import { PublicPage } from '@/ui/PublicPage';
import { Loading, Shown, State } from '@/ui/States';
import { Course } from '../Course';
import { Market } from '../Market';
import { Basket, Changes, Charges, Head, Rebalances, Rules } from '../parts';
import css from '../Products.module.css';
import type { Place } from './address';
import look from './Public.module.css';
import words from './words';

type NavLine = Disclosure['navs'][number];

const AGAIN_AFTER_MS = 10_000; // the browser asks with the tag of what it has, and mostly hears that nothing changed
const MARKET_AGAIN_AFTER_MS = 30_000;
const TABLES = ['figures', 'rebalances', 'charges', 'navs', 'adjustments', 'changes'] as const;

export default function PublicProduct({ place }: { place: Place }) {
  const t = useWords(words);
  const shown = useQuery({
    queryKey: ['public', place.tenant, place.product],
    queryFn: () => ask(api.GET('/api/v1/public/{tenant}/products/{product}', { params: { path: place } })),
    refetchInterval: AGAIN_AFTER_MS,
  });
  const missing = shown.error instanceof Problem && shown.error.status === 404;
  return (
    <PublicPage title={shown.data ? t.title(shown.data.product, shown.data.issuer) : place.product} foot={`${t.fresh} ${t.by}`}>
      {missing ? (
        <State icon="search" title={t.missing}>
          {t.missingHint}
        </State>
      ) : (
        <Shown of={shown} rows={12}>
          {(data) => <Whole place={place} data={data} />}
        </Shown>
      )}
    </PublicPage>
  );
}

function Whole({ place, data }: { place: Place; data: Disclosure }) {
  const name = `${place.tenant}/${place.product}`;
  return (
    <>
      <Head data={data} />
      <Columns
        main={
          <>
            <Course
              name={name}
              data={data}
              againAfter={MARKET_AGAIN_AFTER_MS}
              read={(span) => ask(api.GET('/api/v1/public/{tenant}/products/{product}/series', { params: { path: place, query: { span } } }))}
            />
            <Navs lines={data.navs} quote={data.quote} />
            <Changes data={data} />
            <Charges lines={data.charges} quote={data.quote} />
            <Rules data={data} />
          </>
        }
        side={
          <>
            <Basket data={data} />
            <Units place={place} />
            <Rebalances lines={data.rebalances} data={data} />
            <Files place={place} />
            <Risks place={place} />
          </>
        }
      />
    </>
  );
}

function Units({ place }: { place: Place }) {
  const market = useQuery({
    queryKey: ['public', place.tenant, place.product, 'market'],
    queryFn: () => ask(api.GET('/api/v1/public/{tenant}/products/{product}/market', { params: { path: place } })),
    refetchInterval: MARKET_AGAIN_AFTER_MS,
  });
  return <Shown of={market} rows={6}>{(shown) => <Market market={shown} />}</Shown>;
}

function Navs({ lines, quote }: { lines: readonly NavLine[]; quote: string }) {
  const t = useWords(words);
  const language = useLanguage();
  const columns: readonly Column<NavLine>[] = [
    { id: 'at', header: t.when, unit: 'UTC', card: 'title', cell: (row) => <span className="num" title={full(row.at)}>{moment(row.at, language)}</span> },
    { id: 'nav', header: t.nav, unit: quote, align: 'right', cell: (row) => <Figure value={row.nav} places={6} /> },
    { id: 'adjusted', header: t.adjusted, unit: quote, align: 'right', card: 'value', cell: (row) => <Figure value={row.adjusted_nav} places={6} /> },
  ];
  return (
    <Panel title={t.publishedNavs} sub={String(lines.length)}>
      <DataTable
        label={t.publishedNavs}
        columns={columns}
        rows={[...lines].reverse()}
        rowKey={(row) => row.at}
        maxHeight={320}
        empty={<State icon="clock" title={t.none} />}
      />
    </Panel>
  );
}

function Files({ place }: { place: Place }) {
  const t = useWords(words);
  const address = `/api/v1/public/${place.tenant}/products/${place.product}`;
  return (
    <Panel title={t.files} padded>
      <p className="ink2">{t.filesHint}</p>
      <ul className={look.files}>
        <li>
          <a className="link" href={address}>{t.json}</a>
        </li>
        {TABLES.map((table) => (
          <li key={table}>
            <a className="link" href={`${address}/${table}.csv`} download>
              {t.tables[table]}, CSV
            </a>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Risks({ place }: { place: Place }) {
  const t = useWords(words);
  const language = useLanguage();
  const note = useQuery({
    queryKey: ['public', place.tenant, place.product, 'risks', language],
    queryFn: () => ask(api.GET('/api/v1/public/{tenant}/products/{product}/risk-note', { params: { path: place, query: { language } } })),
    staleTime: Infinity,
  });
  return (
    <Panel padded>
      <details>
        <summary className="medium">{t.risks}</summary>
        {note.data === undefined ? <Loading rows={3} /> : note.data.length === 0 ? <p className="dim">{t.noRisks}</p> : null}
        <ul className={css.sources}>
          {note.data?.map((point) => (
            <li key={point}>{point}</li>
          ))}
        </ul>
      </details>
    </Panel>
  );
}
