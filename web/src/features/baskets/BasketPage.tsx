// One product: what a share is worth, what is held, the list of the day, and the orders of participants.
import { useNavigate, useParams } from 'react-router';
import type { BasketListing, HoldingsView } from '@/api/schema';
import { useSymbols } from '@/lib/assets';
import { useWords } from '@/lib/i18n';
import { Badge } from '@/ui/Badge';
import { Drawer } from '@/ui/Drawer';
import { Facts } from '@/ui/Facts';
import { Figure, Percent, PercentChange } from '@/ui/Figure';
import { Answers, Columns, Stack } from '@/ui/Layout';
import { Panel } from '@/ui/Panel';
import { Shown } from '@/ui/States';
import { Course } from './Course';
import { HeldTable } from './Holdings';
import { Lists } from './Lists';
import { Order } from './Order';
import { Orders } from './Orders';
import { useBasket, useHoldings, useInav, useTracking } from './data';
import { presentOf, termsOf } from './now';
import words from './words';

export default function BasketPage() {
  const { product = '' } = useParams();
  const found = useBasket(product);
  return (
    <Shown of={found} rows={12}>
      {({ body }) => <Whole listing={body} />}
    </Shown>
  );
}

function Whole({ listing }: { listing: BasketListing }) {
  const t = useWords(words);
  const navigate = useNavigate();
  const { number } = useParams();
  const holdings = useHoldings(listing.id);
  return (
    <Stack>
      <Head listing={listing} view={holdings.data} />
      <Columns
        main={
          <>
            <Course listing={listing} />
            <Orders listing={listing} selected={number ?? null} />
          </>
        }
        side={
          <>
            <Lists listing={listing} />
            <Panel title={t.holdings}>
              <Shown of={holdings} rows={6}>
                {(view) => <HeldTable view={view} />}
              </Shown>
            </Panel>
          </>
        }
      />
      <Drawer opened={number !== undefined} title={`${t.order} ${number ?? ''}`} onClose={() => void navigate(`/baskets/${listing.id}`)}>
        {number === undefined ? null : <Order listing={listing} number={Number(number)} />}
      </Drawer>
    </Stack>
  );
}

function Head({ listing, view }: { listing: BasketListing; view: HoldingsView | undefined }) {
  const t = useWords(words);
  const symbol = useSymbols();
  const last = presentOf(useInav(listing.id).data, new Date());
  const tracking = useTracking(listing.id).data;
  const quote = symbol(listing.product.quote);
  return (
    <Panel padded>
      <Answers>
        <div>
          <h2 className="dim">{`${listing.product.name} · ${t.navPerShare}`}</h2>
          <p className="hero">
            <Figure value={view?.nav_per_share} places={4} reason={t.unknownNow} /> <small>{quote}</small>
          </p>
          {listing.halted ? <Badge tone="warn">{t.halted}</Badge> : null}
        </div>
        <Facts>
          <dt>{`${t.inav}, ${quote}`}</dt>
          <dd>
            <Figure value={last?.per_share} places={4} reason={t.noneNow} />
          </dd>
          <dt>{t.coverage}</dt>
          <dd>
            <Percent value={last?.coverage} places={1} unit="%" reason={t.noneNow} />
          </dd>
        </Facts>
        <Facts>
          <dt>{`${t.lastPrice}, ${quote}`}</dt>
          <dd>
            <Figure value={last?.market_price ?? view?.market_price} places={4} reason={t.noPrice} />
          </dd>
          <dt>{t.premium}</dt>
          <dd>
            <PercentChange value={last?.premium} places={3} unit="%" reason={t.noPrice} bare calm />
          </dd>
          <dt>{t.difference}</dt>
          <dd>
            <PercentChange value={tracking?.difference} places={3} unit="%" reason={t.noBenchmark} bare calm />
          </dd>
          <dt>{t.error}</dt>
          <dd>
            <Percent value={tracking?.error} places={3} unit="%" reason={t.noBenchmark} />
          </dd>
        </Facts>
        <Facts>
          <dt>{t.shares}</dt>
          <dd>
            <Figure value={view?.holdings.shares_outstanding == null ? null : String(view.holdings.shares_outstanding)} reason={t.unknownNow} />
          </dd>
          <dt>{`${t.nav}, ${quote}`}</dt>
          <dd>
            <Figure value={view?.nav} places={2} reason={t.unknownNow} />
          </dd>
          <dt>{t.unit}</dt>
          <dd>
            <Figure value={String(termsOf(listing, new Date())?.unit_size ?? '')} />
          </dd>
        </Facts>
      </Answers>
    </Panel>
  );
}
