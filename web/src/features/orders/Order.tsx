// One order: what was asked for and sent, its fills, and each step with the answer that told it.
import type { OrderDetailAnswer } from '@/api/schema';
import { useSymbols } from '@/lib/assets';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { full, moment } from '@/lib/time';
import { Badge } from '@/ui/Badge';
import { Facts } from '@/ui/Facts';
import { Figure } from '@/ui/Figure';
import { Fingerprint } from '@/ui/Fingerprint';
import { Icon } from '@/ui/Icon';
import { Shown } from '@/ui/States';
import { Steps } from '@/ui/Steps';
import { Fees, State } from './Orders';
import css from './Orders.module.css';
import { useOrder } from './data';
import words from './words';

export function Order({ account, order }: { account: string; order: string }) {
  const found = useOrder(account, order);
  return (
    <Shown of={found} rows={8}>
      {(detail) => (
        <>
          <Summary detail={detail} />
          <Fills detail={detail} />
          <Trail detail={detail} />
        </>
      )}
    </Shown>
  );
}

function Summary({ detail: { order, sent, notional } }: { detail: OrderDetailAnswer }) {
  const t = useWords(words);
  return (
    <>
      <h3 className={css.heading}>
        {t.sides[order.side]} {order.quantity} <span className="mono">{order.instrument}</span>
      </h3>
      <p className={css.state}>
        <State of={order} /> {order.reason ? t.reasons[order.reason] : ''}
      </p>
      {order.note ? <p className="ink2">{order.note}</p> : null}
      <Facts className={css.facts}>
        <dt>{t.account}</dt>
        <dd>{order.account}</dd>
        <dt>{t.type}</dt>
        <dd>{[t.types[order.type], order.price, order.reduce_only ? t.reduceOnly : null].filter(Boolean).join(', ')}</dd>
        {sent ? (
          <>
            <dt>{t.sent}</dt>
            <dd className="num">{[sent.quantity, t.types[sent.type], sent.price, t.sendings(order.sendings)].filter(Boolean).join(', ')}</dd>
            <dt>{t.notional}</dt>
            <dd>
              <Figure value={notional} places={2} />
            </dd>
          </>
        ) : null}
        <dt>{t.filled}</dt>
        <dd className="num">{order.filled}</dd>
        <dt>{t.average}</dt>
        <dd>
          <Figure value={order.average_price} places={4} reason={order.fees === null ? t.feeUnknown : t.noFills} />
        </dd>
        <dt>{t.fee}</dt>
        <dd>
          <Fees of={order} />
        </dd>
        <dt>{t.by}</dt>
        <dd>{order.by}</dd>
        <dt>{t.origin}</dt>
        <dd>
          <span className="mono">{order.origin}</span>, {t.leg(order.leg)}
        </dd>
        <dt>{t.tag}</dt>
        <dd>{order.tag}</dd>
        <dt>{t.clientId}</dt>
        <dd className="mono">{order.client_id}</dd>
        {order.venue_id ? (
          <>
            <dt>{t.venueId}</dt>
            <dd className="mono">{order.venue_id}</dd>
          </>
        ) : null}
        <dt>{t.at}</dt>
        <dd className="num">{full(order.created_at)}</dd>
        <dt>{t.goodUntil}</dt>
        <dd className="num">{full(order.good_until)}</dd>
      </Facts>
    </>
  );
}

function Fills({ detail: { fills } }: { detail: OrderDetailAnswer }) {
  const t = useWords(words);
  const symbol = useSymbols();
  if (fills.length === 0) return null;
  return (
    <section className={css.section}>
      <h3>{t.fills}</h3>
      <Steps>
        {fills.map((fill) => (
          <li key={fill.id}>
            <span className="num">{full(fill.at)}</span>
            <span className="num">
              {fill.quantity} × {fill.price}
            </span>
            <span className="dim">
              {fill.fee ? `${fill.fee.number} ${symbol(fill.fee.asset)}, ` : ''}
              {fill.maker ? t.maker : t.taker}
            </span>
          </li>
        ))}
      </Steps>
    </section>
  );
}

function Trail({ detail: { trail } }: { detail: OrderDetailAnswer }) {
  const t = useWords(words);
  const language = useLanguage();
  const allowed = useCan()('fact:read');
  return (
    <section className={css.section}>
      <h3>{t.trail}</h3>
      <p className="dim">{t.trailHint}</p>
      <Steps>
        {trail.map((step) => (
          <li key={step.version}>
            <span className="num" title={full(step.at)}>
              {moment(step.at, language)}
            </span>
            <span>
              <Badge>{t.states[step.state]}</Badge> {step.note}
            </span>
            <span className="dim">{step.actor}</span>
            {step.evidence ? (
              <span className={css.evidence}>
                <Fingerprint hash={step.evidence} />
                <span className="mono dim">{step.evidence.slice(0, 16)}</span>
                {allowed ? (
                  <a className="link" href={`/api/v1/evidence/${step.evidence}/payload`} download={`${step.evidence}.bin`} aria-label={`${t.answer} ${step.evidence.slice(0, 16)}`}>
                    <Icon name="download" size={14} />
                  </a>
                ) : null}
              </span>
            ) : null}
          </li>
        ))}
      </Steps>
    </section>
  );
}
