// What rules would make of a path that is described: slide, and see what becomes of it.
import { Switch } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { isDecimal } from '@/lib/decimal';
import { useDraft } from '@/lib/draft';
import { useWords } from '@/lib/i18n';
import { Refusal } from '@/ui/Form';
import { Panel } from '@/ui/Panel';
import { Empty, Loading } from '@/ui/States';
import { saidOf } from '@/ui/tell';
import css from './Analysis.module.css';
import { DecayCurve } from './DecayCurve';
import { MarketForm } from './MarketForm';
import { ProfilePanels } from './Profile';
import { Results, useChosen } from './Results';
import { RuleSets, textFor } from './RuleSets';
import { CALM, describedOf, fraction, mannerOf, placeOf, useReplays, type Market } from './data';
import words from './words';

interface Draft {
  readonly rules: readonly string[];
  readonly text: string;
  readonly market: Market;
  readonly continuous: boolean;
}

const FIRST: Draft = { rules: ['hbtc:BTC3L', 'hbtc:BTC3S'], text: '', market: CALM, continuous: false };

export default function WhatIf() {
  const t = useWords(words);
  const [draft, change] = useDraft('products.what-if', FIRST);
  const [asked] = useDebouncedValue(draft, 250);
  const text = textFor(asked.rules, asked.text);
  const found = useReplays({
    rules: [...asked.rules],
    text,
    history: describedOf(asked.market),
    manner: mannerOf(300, { lastRules: true, continuous: asked.continuous }),
  });
  const [chosen, choose] = useChosen(found.data);
  const place = placeOf(found.error);
  const said = found.error ? saidOf(found.error) : undefined;
  return (
    <div className={css.page}>
      <div className={css.controls}>
        <Panel title={t.market} padded>
          <div className={css.fields}>
            <MarketForm market={draft.market} onChange={(part) => change({ market: { ...draft.market, ...part } })} error={place === 'prices' ? said : undefined} />
          </div>
        </Panel>
        <Panel title={t.rules} padded>
          <div className={css.fields}>
            <RuleSets chosen={draft.rules} onChoose={(rules) => change({ rules })} text={draft.text} onType={(typed) => change({ text: typed })} error={place === 'rules' ? said : undefined} />
            <Switch label={t.continuous} checked={draft.continuous} onChange={(event) => change({ continuous: event.currentTarget.checked })} />
            {place === 'other' ? <Refusal error={found.error} /> : null}
          </div>
        </Panel>
      </div>
      <div className={css.answers} aria-busy={found.isFetching}>
        {asked.rules.length === 0 ? (
          <Panel>
            <Empty icon="price" title={t.noRules} />
          </Panel>
        ) : found.data ? (
          <Results data={found.data} chosen={chosen} onChoose={choose} />
        ) : found.isLoading ? (
          <Loading rows={12} />
        ) : null}
        {asked.rules.length > 0 && chosen && isDecimal(asked.market.volatility) && asked.market.days > 0 ? <DecayCurve target={chosen.target} volatility={fraction(asked.market.volatility)} days={asked.market.days} /> : null}
        <ProfilePanels rules={asked.rules} text={text} chosen={chosen?.rules} />
      </div>
    </div>
  );
}
