// The secondary market of a product: its units at the venue, beside NAV, and what a holder pays.
import type { ReactNode } from 'react';
import type { Band, UnitMarket } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { full, moment } from '@/lib/time';
import { Facts } from '@/ui/Facts';
import { Figure, Percent, PercentChange } from '@/ui/Figure';
import { Panel } from '@/ui/Panel';
import css from './Products.module.css';
import words from './words';

interface MarketProps {
  market: UnitMarket;
  /** The prices that orders must keep to; a text says why there are none now. */
  band?: Band | string;
}

export function Market({ market, band }: MarketProps) {
  const t = useWords(words);
  const why = (figure: string) => market.missing.find((one) => one.figure === figure)?.why;
  const reasons = [...new Set(market.missing.map((one) => one.why))];
  return (
    <Panel title={t.market} sub={market.instrument ?? t.nowhere} padded>
      <Facts>
        <Row name={t.last} at={market.last_at}>
          <Figure value={market.last} places={6} reason={why('premium_last')} />
        </Row>
        <Row name={t.premium}>
          <PercentChange value={market.premium_last} places={2} unit="%" reason={why('premium_last')} />
        </Row>
        <Row name={t.bidAsk} at={market.book_at}>
          <Figure value={market.best_bid} places={6} reason={why('spread')} /> / <Figure value={market.best_ask} places={6} reason={why('spread')} />
        </Row>
        <Row name={t.premiumMid}>
          <PercentChange value={market.premium_mid} places={2} unit="%" reason={why('premium_mid')} />
        </Row>
        <Row name={t.spread}>
          <Percent value={market.spread} places={3} unit="%" reason={why('spread')} />
        </Row>
        <Row name={t.depth(market.quote)}>
          <Figure value={market.bid_depth} places={2} reason={why('bid_depth')} /> / <Figure value={market.ask_depth} places={2} reason={why('ask_depth')} />
        </Row>
        {band === undefined ? null : <Limits band={band} />}
        <Row name={t.makerTaker}>
          <Percent value={market.maker_fee} places={3} unit="%" reason={why('round_trip_maker')} /> /{' '}
          <Percent value={market.taker_fee} places={3} unit="%" reason={why('round_trip_taker')} />
        </Row>
        <Row name={t.roundTrip}>
          <Percent value={market.round_trip_maker} places={3} unit="%" reason={why('round_trip_maker')} /> /{' '}
          <Percent value={market.round_trip_taker} places={3} unit="%" reason={why('round_trip_taker')} />
        </Row>
        <Row name={t.holdingFees}>
          <Percent value={market.holding_fees} places={2} unit="%" reason={why('holding_fees')} />
        </Row>
        <Row name={t.holdingFinancing}>
          <Percent value={market.holding_financing} places={2} unit="%" reason={why('holding_financing')} />
        </Row>
      </Facts>
      {reasons.length > 0 ? (
        <ul className={`dim ${css.sources}`}>
          {reasons.map((one) => (
            <li key={one} lang="en">
              {one}
            </li>
          ))}
        </ul>
      ) : null}
    </Panel>
  );
}

function Limits({ band }: { band: Band | string }) {
  const t = useWords(words);
  if (typeof band === 'string') {
    return (
      <Row name={t.band}>
        <span className="warn">{band}</span>
      </Row>
    );
  }
  return (
    <Row name={t.band} at={band.as_of}>
      <Figure value={band.min_sell} places={6} /> – <Figure value={band.max_buy} places={6} />
    </Row>
  );
}

function Row({ name, at = null, children }: { name: string; at?: string | null; children: ReactNode }) {
  const language = useLanguage();
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {children}
        {at === null ? null : (
          <small className="dim nowrap" title={full(at)}>
            {' '}
            {moment(at, language)} UTC
          </small>
        )}
      </dd>
    </>
  );
}
