// A product is listed: by whose rules, held in what, hedged where, opened with what.
import { Button, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useSymbols } from '@/lib/assets';
import { useDraft } from '@/lib/draft';
import { useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { useNodes } from '@/lib/view';
import { Drawer } from '@/ui/Drawer';
import { Form } from '@/ui/Form';
import { tellDone } from '@/ui/tell';
import { useFamilies } from '../analysis/data';
import { ChangeableFields } from './ChangeableFields';
import css from './Listing.module.css';
import { RuleText } from './RuleText';
import { isEditedMeanwhile, useFamily, useInstruments, usePutListing, useTypedRules, type FoundRules } from './data';
import { EMPTY, NONE, fitting, idOf, listingOf, opening, termsAt, wrongFields, type Chosen, type Draft } from './draft';
import { useTold } from './told';
import words from './words';

export function NewProduct() {
  const t = useWords(words);
  const may = useCan()('product:write');
  const [asked, setAsked] = useState(false);
  if (!may) return null;
  return (
    <>
      <Button size="xs" variant="filled" onClick={() => setAsked(true)}>
        {t.newProduct}
      </Button>
      {asked ? (
        <Drawer opened onClose={() => setAsked(false)} title={t.newProduct}>
          <NewListing onClose={() => setAsked(false)} />
        </Drawer>
      ) : null}
    </>
  );
}

function NewListing({ onClose }: { onClose: () => void }) {
  const t = useWords(words);
  const [draft, change, forget] = useDraft<Draft>('products.new', EMPTY);
  const [tried, setTried] = useState(false);
  const [now] = useState(() => new Date());
  const rules = useRules(draft);
  const { chosen, choices } = useChosen(draft, rules, now);
  const put = usePutListing(null);
  const wrong = wrongFields(draft, chosen);
  const told = useTold(tried ? wrong : NONE, put.error);
  const id = idOf(draft);
  const taken = isEditedMeanwhile(put.error) && put.variables?.id === id;
  const list = () => {
    setTried(true);
    const opened = opening(draft, new Date());
    if (wrong.size > 0 || !chosen.product || opened === null) return;
    put.mutate(listingOf(draft, chosen.product, opened), {
      onSuccess: () => {
        forget();
        tellDone(t.listed(id));
        onClose();
      },
    });
  };
  return (
    <Form noValidate verb={t.list} busy={put.isPending} ready={!rules.isChecking} error={taken ? null : put.error} onCancel={onClose} onSubmit={list}>
      <RulesPart draft={draft} rules={rules} now={now} onChange={change} error={told('product')} />
      <section className={css.part}>
        <h3>{t.running}</h3>
        <TextInput label={t.id} description={t.idHint} value={draft.id} placeholder={id} onChange={(event) => change({ id: event.currentTarget.value })} error={taken ? t.taken : told('id')} maxLength={64} />
        <Nodes value={draft.node} onChange={(node) => change({ node })} error={told('node')} />
        <Select
          label={t.instrument}
          description={chosen.terms ? t.instrumentHint : t.rulesFirst}
          value={chosen.instrument?.id ?? null}
          onChange={(value) => change({ instrument: value ?? '', hedge: '', market: '' })}
          data={choices}
          disabled={!chosen.terms}
          searchable
          limit={60}
          error={told('instrument')}
        />
        <TextInput type="datetime-local" label={t.opens} description={t.opensHint} value={draft.opens} onChange={(event) => change({ opens: event.currentTarget.value })} error={told('opens')} />
        <TextInput label={t.nav(chosen.product ? `, ${chosen.product.quote}` : '')} value={draft.nav} onChange={(event) => change({ nav: event.currentTarget.value })} error={told('nav')} inputMode="decimal" />
        <TextInput label={t.units} value={draft.units} onChange={(event) => change({ units: event.currentTarget.value })} error={told('units')} inputMode="decimal" />
        <ChangeableFields typed={draft} onChange={change} instrument={chosen.instrument} opened={false} told={told} />
      </section>
    </Form>
  );
}

/** The products of the family that is chosen, or of the rules that are typed. */
function useRules(draft: Draft): FoundRules {
  const isReady = draft.given === 'ready';
  const family = useFamily(isReady ? draft.family : '');
  const typed = useTypedRules(isReady ? '' : draft.text);
  return isReady ? { products: family.data ?? [], wrong: undefined, isChecking: family.isFetching } : typed;
}

/** What the draft names, and the instruments that its rules can be held in. */
function useChosen(draft: Draft, { products }: FoundRules, now: Date): { chosen: Chosen; choices: string[] } {
  const symbol = useSymbols();
  const { data: instruments = [] } = useInstruments();
  const product = products.find((one) => one.id === draft.product);
  const opens = opening(draft, now);
  const terms = product && opens !== null ? termsAt(product, new Date(opens)) : undefined;
  const held = product && terms ? fitting(instruments, terms.exposure, (base) => symbol(base) === product.underlying) : [];
  const instrument = held.find((one) => one.id === draft.instrument);
  return { chosen: { product, terms, instrument }, choices: held.map((one) => one.id) };
}

interface RulesPartProps {
  draft: Draft;
  rules: FoundRules;
  now: Date;
  onChange: (part: Partial<Draft>) => void;
  error: string | undefined;
}

function RulesPart({ draft, rules, now, onChange, error }: RulesPartProps) {
  const t = useWords(words);
  const { data: families = [] } = useFamilies();
  const isReady = draft.given === 'ready';
  const products = rules.products.map((one) => {
    const ended = typeof one.until === 'string' && new Date(one.until) <= now;
    return { value: one.id, label: ended ? `${one.id} (${t.ended})` : one.id, disabled: ended };
  });
  return (
    <section className={css.part}>
      <h3>{t.rules}</h3>
      <SegmentedControl
        value={draft.given}
        onChange={(given) => onChange({ given: given as Draft['given'], product: '' })}
        data={[
          { value: 'ready', label: t.given.ready },
          { value: 'own', label: t.given.own },
        ]}
      />
      {isReady ? (
        <Select label={t.family} value={draft.family || null} onChange={(value) => onChange({ family: value ?? '', product: '' })} data={families.map((one) => ({ value: one.family, label: `${one.issuer}: ${one.family}` }))} searchable />
      ) : (
        <RuleText text={draft.text} onType={(text) => onChange({ text })} hint={t.textHint} wrong={rules.wrong} />
      )}
      <Select label={t.product} value={draft.product || null} onChange={(value) => onChange({ product: value ?? '' })} data={products} disabled={products.length === 0} searchable limit={60} error={error} />
    </section>
  );
}

function Nodes({ value, onChange, error }: { value: string; onChange: (value: string) => void; error: string | undefined }) {
  const t = useWords(words);
  const { data = [] } = useNodes();
  return <Select label={t.node} description={t.nodeHint} value={value || null} onChange={(next) => onChange(next ?? '')} data={data.map((one) => ({ value: one.id, label: one.body.name }))} searchable limit={60} error={error} />;
}
