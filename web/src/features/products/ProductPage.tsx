// One product: where it stands, where it will be rebalanced, what happened, and by which rules.
import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { api, ask, Problem } from '@/api/client';
import type { Disclosure } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { full } from '@/lib/time';
import { Columns, Stack } from '@/ui/Layout';
import { Panel } from '@/ui/Panel';
import { Shown, State } from '@/ui/States';
import { toldOf } from '@/ui/tell';
import { Attribution } from './analysis/Attribution';
import { Course, type Span } from './Course';
import { Hedge } from './Hedge';
import { Instructions } from './Instructions';
import { ListedProduct } from './listing/ListedProduct';
import { useListing } from './listing/data';
import { Market } from './Market';
import { Basket, Changes, Charges, Head, Rebalances, Rules } from './parts';
import words from './words';

const MARKET_AGAIN_AFTER_MS = 30_000;
const DAYS: Readonly<Record<Span, number>> = { day: 1, week: 7, month: 30, year: 365 };

export default function ProductPage() {
  const { product = '' } = useParams();
  const state = useQuery({
    queryKey: ['products', product],
    queryFn: () => ask(api.GET('/api/v1/product-states/{listing}', { params: { path: { listing: product } } })),
  });
  return (
    <>
      <ListedProduct id={product} opened={state.data !== undefined} />
      {isWaiting(state.error) && state.data === undefined ? (
        <Waiting id={product} />
      ) : (
        <Shown of={state} rows={12}>
          {(data) => <Whole id={product} data={data} />}
        </Shown>
      )}
    </>
  );
}

/** Whether a product is listed and no price of its instrument was seen yet. */
const isWaiting = (error: Error | null): boolean => error instanceof Problem && error.body.type === 'urn:truenav:problem:product-not-open';

function Waiting({ id }: { id: string }) {
  const t = useWords(words);
  const { data } = useListing(id);
  return (
    <Panel>
      <State icon="clock" title={t.waiting}>
        {data ? t.waitsFor(data.body.instrument, full(data.body.opened_at)) : null}
      </State>
    </Panel>
  );
}

function Whole({ id, data }: { id: string; data: Disclosure }) {
  return (
    <Stack>
      <Head data={data} />
      <Columns
        main={
          <>
            <Course name={id} data={data} read={(span) => seriesOf(id, span)} />
            <Attribution id={id} name={data.product} />
            <Instructions id={id} quote={data.quote} units={data.units} />
            <Changes data={data} />
            <Charges lines={data.charges} quote={data.quote} />
            <Rules data={data} />
          </>
        }
        side={
          <>
            <Hedge id={id} underlying={data.underlying} quote={data.quote} />
            <Basket data={data} />
            <Units id={id} />
            <Rebalances lines={data.rebalances} data={data} />
          </>
        }
      />
    </Stack>
  );
}

function Units({ id }: { id: string }) {
  const t = useWords(words);
  const path = { listing: id };
  const market = useQuery({
    queryKey: ['products', id, 'market'],
    queryFn: () => ask(api.GET('/api/v1/product-markets/{listing}', { params: { path } })),
    refetchInterval: MARKET_AGAIN_AFTER_MS,
  });
  const band = useQuery({
    queryKey: ['products', id, 'band'],
    queryFn: () => ask(api.GET('/api/v1/product-bands/{listing}', { params: { path } })),
    refetchInterval: MARKET_AGAIN_AFTER_MS,
  });
  const none = band.error instanceof Problem ? (band.error.status === 404 ? t.noBand : toldOf(band.error).title) : undefined;
  return (
    <Shown of={market} rows={6}>
      {(shown) => <Market market={shown} band={band.error ? none : band.data} />}
    </Shown>
  );
}

function seriesOf(listing: string, span: Span) {
  const since = new Date(Date.now() - DAYS[span] * 86_400_000).toISOString();
  return ask(api.GET('/api/v1/product-series/{listing}', { params: { path: { listing }, query: { since, most: 800 } } }));
}
