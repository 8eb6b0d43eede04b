// What may still be changed once a product is listed.
import { Select, Switch, TextInput } from '@mantine/core';
import type { Instrument } from '@/api/schema';
import { useTradingAccounts } from '@/features/orders/data';
import { useSymbols } from '@/lib/assets';
import { useWords } from '@/lib/i18n';
import css from './Listing.module.css';
import { useInstruments } from './data';
import { isHedgeable, unitMarkets, type Changeable, type Field } from './draft';
import words from './words';

interface ChangeableFieldsProps {
  typed: Changeable;
  onChange: (part: Partial<Changeable>) => void;
  /** What the product is held in, once that is known. */
  instrument: Instrument | undefined;
  /** It has opened: how it is hedged and financed stays. */
  opened: boolean;
  told: (field: Field) => string | undefined;
}

export function ChangeableFields({ typed, onChange, instrument, opened, told }: ChangeableFieldsProps) {
  const t = useWords(words);
  const symbol = useSymbols();
  const { data: instruments = [] } = useInstruments();
  const markets = instrument ? unitMarkets(instruments, instrument.quote).map((one) => one.id) : [];
  const hint = opened ? t.hedgeStays : t.hedgeHint;
  const quote = instrument ? `, ${symbol(instrument.quote)}` : '';
  return (
    <>
      <TextInput label={t.tick} value={typed.tick} onChange={(event) => onChange({ tick: event.currentTarget.value })} error={told('tick')} inputMode="decimal" />
      {instrument && isHedgeable(instrument) ? <Accounts venue={instrument.venue} value={typed.hedge} onChange={(hedge) => onChange({ hedge })} hint={hint} disabled={opened} error={told('hedge')} /> : null}
      {typed.hedge === '' ? null : (
        <TextInput label={t.automatic(quote)} description={t.automaticHint} value={typed.automatic} onChange={(event) => onChange({ automatic: event.currentTarget.value })} error={told('automatic')} inputMode="decimal" />
      )}
      <Switch label={t.published} checked={typed.published} onChange={(event) => onChange({ published: event.currentTarget.checked })} disabled={opened} error={told('published')} />
      <Select label={t.market} placeholder={t.noMarket} value={typed.market || null} onChange={(value) => onChange({ market: value ?? '' })} data={choices(typed.market, markets)} searchable clearable limit={60} error={told('market')} />
      <div className={css.pair}>
        <TextInput label={t.maker} value={typed.maker} onChange={(event) => onChange({ maker: event.currentTarget.value })} error={told('maker')} inputMode="decimal" />
        <TextInput label={t.taker} value={typed.taker} onChange={(event) => onChange({ taker: event.currentTarget.value })} error={told('taker')} inputMode="decimal" />
      </div>
      <Switch label={t.disclosed} checked={typed.disclosed} onChange={(event) => onChange({ disclosed: event.currentTarget.checked })} error={told('disclosed')} />
    </>
  );
}

interface AccountsProps {
  venue: string;
  value: string;
  onChange: (account: string) => void;
  hint: string;
  disabled: boolean;
  error: string | undefined;
}

/** The accounts that send orders to a venue. */
function Accounts({ venue, value, onChange, hint, disabled, error }: AccountsProps) {
  const t = useWords(words);
  const { data = [] } = useTradingAccounts();
  const there = data.filter((one) => one.venue === venue).map((one) => one.account);
  return <Select label={t.hedge} description={hint} placeholder={t.noHedge} value={value || null} onChange={(next) => onChange(next ?? '')} data={choices(value, there)} searchable clearable disabled={disabled} error={error} />;
}

/** What can be chosen, and what is chosen already. */
const choices = (chosen: string, every: readonly string[]): string[] => [...new Set([...(chosen === '' ? [] : [chosen]), ...every])];
