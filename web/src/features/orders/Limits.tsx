// What an account may trade: shown to all who see it, changed by who sends no orders.
import { Button, MultiSelect, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Problem } from '@/api/client';
import type { TradingAccountAnswer, TradingLimits } from '@/api/schema';
import { useSymbols } from '@/lib/assets';
import { shift } from '@/lib/decimal';
import { useDraft } from '@/lib/draft';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { moment } from '@/lib/time';
import { ConfirmWithReason } from '@/ui/ConfirmWithReason';
import { Facts } from '@/ui/Facts';
import { Figure } from '@/ui/Figure';
import { Form } from '@/ui/Form';
import { tellDone } from '@/ui/tell';
import css from './Orders.module.css';
import { useInstruments, usePutLimits, useRemoveLimits } from './data';
import { EMPTY, limitsOf, typedOf, wrongFields, type Typed } from './limits';
import words from './words';

export function Limits({ account }: { account: TradingAccountAnswer }) {
  const t = useWords(words);
  const may = useCan()('trade:limit');
  const [editing, setEditing] = useState(false);
  const { limits } = account;
  return (
    <section className={css.section}>
      <h3>{t.limits}</h3>
      {editing ? <Editor account={account} onClose={() => setEditing(false)} /> : limits ? <Told limits={limits} spent={account.spent_today} /> : <p className="warn">{t.noLimits}</p>}
      {editing ? null : may ? (
        <div className={css.actions}>
          <Button size="xs" onClick={() => setEditing(true)}>
            {limits ? t.changeLimits : t.setLimits}
          </Button>
          {limits ? <Remove account={account.account} version={limits.version} /> : null}
        </div>
      ) : (
        <p className="dim">{t.whoLimits}</p>
      )}
    </section>
  );
}

function Told({ limits: { body, changed_at, changed_by }, spent }: { limits: NonNullable<TradingAccountAnswer['limits']>; spent: string }) {
  const t = useWords(words);
  const language = useLanguage();
  const unit = useSymbols()(body.quote);
  return (
    <Facts className={css.facts}>
      <dt>{t.instruments}</dt>
      <dd className="mono">{body.instruments.length === 0 ? t.noInstruments : body.instruments.join(', ')}</dd>
      <dt>{t.oneOrder}</dt>
      <dd>
        <Figure value={body.order_notional} places={2} unit={unit} />
      </dd>
      <dt>{t.aDay}</dt>
      <dd>
        <Figure value={body.day_notional} places={2} unit={unit} />
      </dd>
      <dt>{t.spentToday}</dt>
      <dd>
        <Figure value={spent} places={2} unit={unit} />
      </dd>
      <dt>{t.aPosition}</dt>
      <dd>
        <Figure value={body.position_notional} places={2} unit={unit} />
      </dd>
      <dt>{t.collar}</dt>
      <dd>
        <Figure value={shift(body.collar, 2)} places={2} unit="%" />
      </dd>
      <dt>{t.changed}</dt>
      <dd>{t.keyOf(changed_by, moment(changed_at, language))}</dd>
    </Facts>
  );
}

function Editor({ account, onClose }: { account: TradingAccountAnswer; onClose: () => void }) {
  const t = useWords(words);
  const version = account.limits?.version ?? null;
  const first = account.limits ? typedOf(account.limits.body) : EMPTY;
  const [typed, change, forget] = useDraft<Typed>(`limits.${account.account}.${version ?? 0}`, first);
  const [tried, setTried] = useState(false);
  const put = usePutLimits(version);
  const wrong = wrongFields(typed);
  const told = (name: keyof Typed, what: string) => (tried && wrong.has(name) ? what : undefined);
  const save = (limits: TradingLimits) =>
    put.mutate(limits, {
      onSuccess: () => {
        forget();
        tellDone(t.limitsSaved);
        onClose();
      },
    });
  const stale = put.error instanceof Problem && put.error.status === 412;
  return (
    <Form
      noValidate
      verb={t.save}
      busy={put.isPending}
      error={stale ? t.conflict : put.error}
      onCancel={onClose}
      onSubmit={() => {
        setTried(true);
        if (wrong.size === 0) save(limitsOf(account.account, typed));
      }}
    >
      <Contracts venue={account.connector} typed={typed} onChange={change} wrongQuote={told('quote', t.required)} />
      <TextInput label={t.orderNotional} value={typed.order_notional} onChange={(event) => change({ order_notional: event.currentTarget.value })} error={told('order_notional', t.wrongNumber)} inputMode="decimal" />
      <TextInput label={t.dayNotional} value={typed.day_notional} onChange={(event) => change({ day_notional: event.currentTarget.value })} error={told('day_notional', t.wrongNumber)} inputMode="decimal" />
      <TextInput label={t.positionNotional} value={typed.position_notional} onChange={(event) => change({ position_notional: event.currentTarget.value })} error={told('position_notional', t.wrongNumber)} inputMode="decimal" />
      <TextInput label={t.collarLabel} description={t.collarHint} value={typed.collar} onChange={(event) => change({ collar: event.currentTarget.value })} error={told('collar', t.wrongCollar)} inputMode="decimal" />
    </Form>
  );
}

/** Contracts of the venue that are quoted in one asset. */
function Contracts({ venue, typed, onChange, wrongQuote }: { venue: string; typed: Typed; onChange: (part: Partial<Typed>) => void; wrongQuote: string | undefined }) {
  const t = useWords(words);
  const symbol = useSymbols();
  const { data: every = [] } = useInstruments(venue);
  const quotes = [...new Set([...every.map((one) => one.quote), ...(typed.quote ? [typed.quote] : [])])].sort();
  const fitting = every.filter((one) => typed.quote === '' || one.quote === typed.quote).map((one) => one.id);
  return (
    <>
      <Select label={t.quote} value={typed.quote || null} onChange={(value) => onChange({ quote: value ?? '' })} data={quotes.map((one) => ({ value: one, label: symbol(one) }))} searchable error={wrongQuote} />
      <MultiSelect label={t.instruments} description={t.instrumentsHint} value={[...typed.instruments]} onChange={(instruments) => onChange({ instruments })} data={[...new Set([...typed.instruments, ...fitting])]} searchable limit={60} />
    </>
  );
}

function Remove({ account, version }: { account: string; version: number }) {
  const t = useWords(words);
  const [asked, setAsked] = useState(false);
  const remove = useRemoveLimits(account, version);
  const done = () => {
    tellDone(t.limitsRemoved);
    setAsked(false);
  };
  return (
    <>
      <Button size="xs" variant="subtle" color="crit" onClick={() => setAsked(true)}>
        {t.removeLimits}
      </Button>
      <ConfirmWithReason opened={asked} title={t.removeLimitsTitle(account)} verb={t.removeLimits} danger reason="none" busy={remove.isPending} onConfirm={() => remove.mutate(undefined, { onSuccess: done })} onClose={() => setAsked(false)}>
        {t.removeLimitsText}
      </ConfirmWithReason>
    </>
  );
}
