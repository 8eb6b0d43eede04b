// One order: what it comes to, what happened to it, and the steps that whoever looks may take.
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { Amount, BasketListing, OrderView } from '@/api/schema';
import { useSymbols } from '@/lib/assets';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { full, moment } from '@/lib/time';
import { ConfirmWithReason } from '@/ui/ConfirmWithReason';
import { Dialog } from '@/ui/Dialog';
import { Facts } from '@/ui/Facts';
import { Shown, State } from '@/ui/States';
import { Steps } from '@/ui/Steps';
import css from './Baskets.module.css';
import { AskedForm } from './OrderForms';
import { StateOf } from './Orders';
import { type Step, useOrders, useStep } from './data';
import { isAsked, type Offered, stepsOf } from './steps';
import words from './words';

export function Order({ listing, number }: { listing: BasketListing; number: number }) {
  const t = useWords(words);
  const orders = useOrders(listing.id);
  return (
    <Shown of={orders} rows={8}>
      {(rows) => {
        const order = rows.find((one) => one.number === number);
        return order ? <Whole product={listing.id} order={order} /> : <State icon="search" title={t.noOrders} />;
      }}
    </Shown>
  );
}

function Whole({ product, order }: { product: string; order: OrderView }) {
  return (
    <>
      <Summary order={order} />
      <NextSteps product={product} order={order} />
      <Trail order={order} />
    </>
  );
}

function Summary({ order }: { order: OrderView }) {
  const t = useWords(words);
  return (
    <section className={css.section}>
      <h3>
        {`${t.sides[order.order.side]} · ${order.order.participant} `}
        <span className="mono">{order.order.client_id}</span>
      </h3>
      <p>
        <StateOf order={order} />
      </p>
      {order.reasons.map((reason) => (
        <p key={reason} className="crit">
          {reason}
        </p>
      ))}
      <Facts>
        <dt>{t.units}</dt>
        <dd className="num">{order.order.units}</dd>
        <dt>{t.dealingDay}</dt>
        <dd className="num">{order.dealing_day ?? t.notYet}</dd>
        <dt>{t.cutOff}</dt>
        <dd className="num">{order.cut_off_at ? full(order.cut_off_at) : t.notYet}</dd>
        <dt>{t.settlesOn}</dt>
        <dd className="num">{order.settles_on ?? t.notYet}</dd>
        {order.due_at ? (
          <>
            <dt>{t.dueAt}</dt>
            <dd className="num">{full(order.due_at)}</dd>
          </>
        ) : null}
        <Owed name={t.dueIn} amounts={order.due_in} />
        <Owed name={t.dueOut} amounts={order.due_out} />
        <Owed name={t.orderFee} amounts={order.fee ? [order.fee] : []} />
        <Owed name={t.seen} amounts={order.seen} />
        <Owed name={t.missing} amounts={order.missing} />
        {order.substituted.map((one) => (
          <Cash key={one.asset} of={one} money={order.fee?.asset ?? ''} />
        ))}
        {order.late_days > 0 ? (
          <>
            <dt>{t.lateDays}</dt>
            <dd className="num warn">{order.late_days}</dd>
          </>
        ) : null}
      </Facts>
    </section>
  );
}

function Owed({ name, amounts }: { name: string; amounts: readonly Amount[] }) {
  const symbol = useSymbols();
  if (amounts.length === 0) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd className={css.amounts}>
        {amounts.map((one) => (
          <span key={one.asset}>
            <span className="num">{one.number}</span> {symbol(one.asset)}
          </span>
        ))}
      </dd>
    </>
  );
}

/** Cash that stands for an asset; below it what its trade made of that: what is owed beyond, negative what goes back. */
function Cash({ of, money }: { of: OrderView['substituted'][number]; money: string }) {
  const t = useWords(words);
  const symbol = useSymbols();
  return (
    <>
      <Owed name={`${t.cashFor} ${symbol(of.asset)}`} amounts={[{ number: of.cash, asset: money }]} />
      {of.true_up === null ? null : <Owed name={t.kinds.trued_up} amounts={[{ number: of.true_up, asset: money }]} />}
    </>
  );
}

function NextSteps({ product, order }: { product: string; order: OrderView }) {
  const t = useWords(words);
  const can = useCan();
  const act = useStep(product, order.number);
  const [asked, ask] = useState<Offered['step'] | null>(null);
  const offered = stepsOf(order, new Date()).filter(({ action }) => can(action));
  if (offered.length === 0) return null;
  const close = () => ask(null);
  const chosen = offered.find(({ step }) => step === asked);
  const verbs = { accept: t.accept, reject: t.reject, cancel: t.cancel, price: t.priceIt, instruct: t.instruct, deliver: t.deliver, settle: t.settle, 'fail-fee': t.failFee, 'buy-in': t.buyIn, fail: t.fail, 'true-up': t.trueUp };
  const told: Partial<Record<Step, string>> = { accept: t.accepting, cancel: t.cancelling, price: t.pricing, instruct: t.instructing, settle: t.settling, 'fail-fee': t.charging, fail: t.failing };
  return (
    <section className={css.section}>
      <div className={css.actions}>
        {offered.map(({ step, reason }) => (
          <Button key={step} size="xs" variant={reason || step === 'cancel' ? 'default' : 'filled'} color={reason ? 'crit' : 'accent'} onClick={() => ask(step)}>
            {verbs[step]}
          </Button>
        ))}
      </div>
      {asked !== null && isAsked(asked) ? (
        <Dialog opened title={verbs[asked]} onClose={close}>
          <AskedForm step={asked} product={product} order={order} onDone={close} />
        </Dialog>
      ) : null}
      <ConfirmWithReason
        opened={chosen !== undefined && !isAsked(chosen.step)}
        title={`${t.order} ${order.number}`}
        verb={verbs[asked ?? 'accept']}
        danger={chosen?.reason}
        reason={chosen?.reason ? 'required' : 'none'}
        busy={act.isPending}
        onConfirm={(reason) => asked && !isAsked(asked) && act.mutate({ step: asked, reason }, { onSettled: close })}
        onClose={close}
      >
        {asked && !isAsked(asked) ? told[asked] : null}
      </ConfirmWithReason>
    </section>
  );
}

function Trail({ order }: { order: OrderView }) {
  const t = useWords(words);
  const language = useLanguage();
  const kind = (name: string) => (t.kinds as Readonly<Record<string, string>>)[name] ?? name;
  return (
    <section className={css.section}>
      <h3>{t.steps}</h3>
      <Steps>
        {order.steps.map((step) => (
          <li key={step.number}>
            <span className="num dim" title={full(step.at)}>
              {moment(step.at, language)}
            </span>
            <span>{kind(step.kind)}</span>
            <span className="dim">{step.actor}</span>
          </li>
        ))}
      </Steps>
    </section>
  );
}
