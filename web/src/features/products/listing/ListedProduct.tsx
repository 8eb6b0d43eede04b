// What may be done with a listed product as a whole: changed, and ended.
import { Button, Switch } from '@mantine/core';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { Listing, ListingDefinition, Product } from '@/api/schema';
import { saveFile } from '@/lib/download';
import { useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { useMe } from '@/lib/session';
import { ConfirmWithReason } from '@/ui/ConfirmWithReason';
import { Drawer } from '@/ui/Drawer';
import { Form } from '@/ui/Form';
import { Icon } from '@/ui/Icon';
import { Shown } from '@/ui/States';
import { tellDone } from '@/ui/tell';
import { ChangeableFields } from './ChangeableFields';
import css from './Listing.module.css';
import { RuleText } from './RuleText';
import { isEditedMeanwhile, useEndListing, useInstruments, useListing, usePutListing, useRuleFile, useTypedRules } from './data';
import { NONE, changeableOf, changed, wrongChanges } from './draft';
import { useTold } from './told';
import words from './words';

export function ListedProduct({ id, opened }: { id: string; opened: boolean }) {
  const t = useWords(words);
  const may = useCan()('product:write');
  const { data: listing } = useListing(id);
  const [changing, setChanging] = useState<ListingDefinition | null>(null);
  if (!opened && !may) return null;
  return (
    <div className={css.bar}>
      {opened ? <Bundle id={id} /> : null}
      {may && listing ? (
        <>
          <Button size="xs" onClick={() => setChanging(listing)}>
            {t.change}
          </Button>
          <End listing={listing} />
        </>
      ) : null}
      {changing ? (
        <Drawer opened onClose={() => setChanging(null)} title={t.changeTitle(id)}>
          <Change listing={changing} opened={opened} onClose={() => setChanging(null)} />
        </Drawer>
      ) : null}
    </div>
  );
}

/** All that the product went through, signed, for who sees all of it. */
function Bundle({ id }: { id: string }) {
  const t = useWords(words);
  const isHidden = useMe().masks.length > 0;
  return (
    <Button size="xs" variant="subtle" disabled={isHidden} title={isHidden ? t.bundleHidden : t.bundleHint} leftSection={<Icon name="download" size={13} />} onClick={() => void saveFile(`/api/v1/product-bundles/${encodeURIComponent(id)}`)}>
      {t.bundle}
    </Button>
  );
}

/** Changes the version that was there when the form was opened. */
function Change({ listing, opened, onClose }: { listing: ListingDefinition; opened: boolean; onClose: () => void }) {
  const t = useWords(words);
  const [typed, setTyped] = useState(() => changeableOf(listing.body));
  const [text, setText] = useState<string | null>(null);
  const [tried, setTried] = useState(false);
  const { data: instruments = [] } = useInstruments();
  const rules = useTypedRules(text ?? '');
  const product = text === null ? listing.body.product : successor(rules.products, listing.body.product);
  const put = usePutListing(listing.version);
  const wrong = wrongChanges(typed);
  const told = useTold(tried ? wrong : NONE, put.error);
  const { id, underlying, quote } = listing.body.product;
  const wrongRules = rules.wrong ?? (text === null || product || rules.isChecking ? undefined : t.otherRules(id, underlying, quote));
  const save = (body: Listing) =>
    put.mutate(body, {
      onSuccess: () => {
        tellDone(t.saved);
        onClose();
      },
    });
  return (
    <Form
      noValidate
      verb={t.save}
      busy={put.isPending}
      ready={!rules.isChecking && product !== undefined}
      error={isEditedMeanwhile(put.error) ? t.conflict : put.error}
      onCancel={onClose}
      onSubmit={() => {
        setTried(true);
        if (wrong.size === 0 && product) save(changed({ ...listing.body, product }, typed));
      }}
    >
      <ChangeableFields typed={typed} onChange={(part) => setTyped({ ...typed, ...part })} instrument={instruments.find((one) => one.id === listing.body.instrument)} opened={opened} told={told} />
      <RulesPart id={listing.id} text={text} onType={setText} wrong={wrongRules} />
    </Form>
  );
}

/** The product with this name on the same underlying; undefined where the file holds none. */
const successor = (products: readonly Product[], before: Product): Product | undefined =>
  products.find((one) => one.id === before.id && one.underlying === before.underlying && one.quote === before.quote);

/** The rules as a file to be changed; null: they stay. */
function RulesPart({ id, text, onType, wrong }: { id: string; text: string | null; onType: (text: string | null) => void; wrong: string | undefined }) {
  const t = useWords(words);
  const [asked, setAsked] = useState(false);
  const file = useRuleFile(id, asked);
  return (
    <>
      <Switch
        label={t.changeRules}
        checked={asked}
        onChange={(event) => {
          setAsked(event.currentTarget.checked);
          onType(null);
        }}
      />
      {asked ? <Shown of={file}>{(found) => <RuleText text={text ?? found.text} onType={onType} hint={t.changeRulesHint} wrong={wrong} />}</Shown> : null}
    </>
  );
}

function End({ listing: { id, version, body } }: { listing: ListingDefinition }) {
  const t = useWords(words);
  const navigate = useNavigate();
  const [asked, setAsked] = useState(false);
  const end = useEndListing(id, version);
  const done = () => {
    tellDone(t.isEnded(id));
    void navigate('/products');
  };
  return (
    <>
      <Button size="xs" variant="subtle" color="crit" onClick={() => setAsked(true)}>
        {t.end}
      </Button>
      <ConfirmWithReason opened={asked} title={t.endTitle(id)} verb={t.endVerb} danger reason="none" busy={end.isPending} onConfirm={() => end.mutate(undefined, { onSuccess: done })} onClose={() => setAsked(false)}>
        <p>{t.endText}</p>
        {body.hedge_account ? <p>{t.endHedge(body.hedge_account)}</p> : null}
        <p>{t.endKept}</p>
      </ConfirmWithReason>
    </>
  );
}
