// What the columns of an export mean: recognised and to be confirmed, or said by a person and kept for the next time.
import { Button, NativeSelect, Select, Switch, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { FileSeen, Layout, Meaning } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { Form, Refusal } from '@/ui/Form';
import { Icon } from '@/ui/Icon';
import { tellDone } from '@/ui/tell';
import { useAccounts, useSaveLayout } from './data';
import css from './Mapping.module.css';
import { ANY, FIELDS, MEANINGS, ORDERS, TOGETHER, fieldsOf, formatsOf, namesAccount, orderOf, slugOf, textsOf, withFields, withOrder, withWord, type FieldName, type Order } from './mapping';
import words from './mappingWords';

const ZONES = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];

export interface Draft {
  readonly layout: Layout;
  readonly account: string | null;
}

/** What is proposed for a file that was looked at; null where its header is a template's. */
export function draftOf({ sniffed }: FileSeen): Draft | null {
  const layout = sniffed.layout ?? sniffed.proposal?.layout ?? sniffed.candidates[0];
  return layout ? { layout, account: null } : null;
}

interface MappingProps {
  seen: FileSeen;
  draft: Draft;
  error: Error | null;
  onChange: (draft: Draft) => void;
  onCheck: () => void;
}

/** Every question that the file leaves open, each column, and the words of those that have some. */
export function Mapping({ seen, draft, error, onChange, onCheck }: MappingProps) {
  const t = useWords(words);
  const { sniffed } = seen;
  const [opened, setOpened] = useState(!sniffed.layout);
  const put = (change: Partial<Layout>) => onChange({ ...draft, layout: { ...draft.layout, ...change } });
  const asks = (about: string) => sniffed.questions.some((one) => one.about === about);
  const title = sniffed.layout ? t.recognised(sniffed.title) : sniffed.title ? t.known(sniffed.title) : t.unknown;
  return (
    <div className={css.mapping}>
      <Form verb={t.check} error={error} onSubmit={onCheck}>
        <h3>{title}</h3>
        {sniffed.questions.map((one) => (
          <p key={one.about} className={css.question}>
            <Icon name="info" size={14} />
            {t.asks[one.about] ?? one.text} {one.about === 'words' ? <span className="mono">{one.choices.join(', ')}</span> : null}
          </p>
        ))}
        <div className={css.settings}>
          <Candidates seen={seen} draft={draft} onChange={onChange} />
          <Whose draft={draft} onChange={onChange} />
          {opened || asks('zone') ? <Zone layout={draft.layout} onPut={put} /> : null}
          {opened ? <Times seen={seen} layout={draft.layout} onPut={put} /> : null}
        </div>
        {sniffed.layout ? (
          <button type="button" className={`link ${css.toggle}`} aria-expanded={opened} onClick={() => setOpened(!opened)}>
            {t.show}
          </button>
        ) : null}
        {opened ? (
          <>
            <Columns seen={seen} layout={draft.layout} onPut={put} />
            <Amounts layout={draft.layout} onPut={put} />
            <Words seen={seen} layout={draft.layout} onPut={put} />
          </>
        ) : null}
        <p className="dim">{t.hint}</p>
      </Form>
      {opened ? <Save layout={draft.layout} onPut={put} /> : null}
    </div>
  );
}

interface PartProps {
  layout: Layout;
  onPut: (change: Partial<Layout>) => void;
}

/** Which of several layouts reads the file. */
function Candidates({ seen: { sniffed }, draft, onChange }: Pick<MappingProps, 'seen' | 'draft' | 'onChange'>) {
  const t = useWords(words);
  if (sniffed.candidates.length < 2) return null;
  const pick = (name: string) => {
    const layout = sniffed.candidates.find((one) => one.name === name);
    if (layout) onChange({ ...draft, layout });
  };
  const data = sniffed.candidates.map((one) => ({ value: one.name, label: one.title }));
  const given = sniffed.candidates.some((one) => one.name === draft.layout.name);
  return <NativeSelect label={t.which} data={[...(given ? [] : [{ value: '', label: t.undecided }]), ...data]} value={given ? draft.layout.name : ''} onChange={(event) => pick(event.currentTarget.value)} />;
}

function Whose({ draft, onChange }: Pick<MappingProps, 'draft' | 'onChange'>) {
  const t = useWords(words);
  const accounts = useAccounts().data ?? [];
  if (namesAccount(draft.layout)) return null;
  return (
    <Select
      label={t.account}
      description={t.accountHint}
      data={accounts.map((one) => ({ value: one.id, label: one.body.name === one.id ? one.id : `${one.body.name} (${one.id})` }))}
      value={draft.account}
      onChange={(account) => onChange({ ...draft, account })}
      searchable
      required
    />
  );
}

function Zone({ layout: { times }, onPut }: PartProps) {
  const t = useWords(words);
  return <Select label={t.zone} description={t.zoneHint} placeholder={t.zoneOwn} data={ZONES} value={times.zone || null} onChange={(zone) => onPut({ times: { ...times, zone: zone ?? '' } })} searchable clearable limit={60} />;
}

function Times({ seen: { sniffed }, layout, onPut }: PartProps & { seen: FileSeen }) {
  const t = useWords(words);
  const order = orderOf(layout);
  const place = sniffed.columns.indexOf(layout.columns.time ?? '');
  const samples = sniffed.samples.map((row) => row[place] ?? '');
  const orders = ORDERS.filter((one) => one !== 'own' || order === 'own').map((one) => ({ value: one as string, label: t.orders[one] }));
  const abbreviated = sniffed.questions.find((one) => one.about === 'offsets')?.choices ?? Object.keys(layout.times.offsets);
  const put = (times: Partial<Layout['times']>) => onPut({ times: { ...layout.times, ...times } });
  return (
    <>
      <NativeSelect label={t.order} description={samples.find(Boolean) ?? '—'} data={order ? orders : [{ value: '', label: t.undecided }, ...orders]} value={order ?? ''} onChange={(event) => onPut(withOrder(layout, event.currentTarget.value as Order, samples))} />
      <TextInput label={t.pattern} description={t.patternHint} value={layout.times.formats.join(' | ')} onChange={(event) => put({ formats: formatsOf(event.currentTarget.value) })} classNames={{ input: 'mono' }} />
      {abbreviated.map((one) => (
        <TextInput key={one} label={t.offset(one)} placeholder="-05:00" value={layout.times.offsets[one] ?? ''} onChange={(event) => put({ offsets: withWord(layout.times.offsets, one, event.currentTarget.value || undefined) })} classNames={{ input: 'mono' }} />
      ))}
    </>
  );
}

/** One select for each column, with what stands in its first rows. */
function Columns({ seen: { sniffed }, layout, onPut }: PartProps & { seen: FileSeen }) {
  const t = useWords(words);
  const both = (fields: string) => {
    const [one = '', other = ''] = fields.split('+');
    return t.both(t.fields[one] ?? one, t.fields[other] ?? other);
  };
  const groups = Object.entries(FIELDS).map(([group, fields]) => ({
    group: t.groups[group as keyof typeof FIELDS],
    items: fields.map((field) => ({ value: field as string, label: t.fields[field] ?? field })),
  }));
  const pairs = (given: string) => [...new Set([...TOGETHER, ...(given.includes('+') ? [given] : [])])].map((pair) => ({ value: pair as string, label: both(pair) }));
  return (
    <fieldset className={css.part}>
      <legend>{t.columns}</legend>
      <ul className={css.columns}>
        {sniffed.columns.map((column, place) => {
          const given = fieldsOf(layout, column);
          return (
            <li key={column} className={given ? undefined : css.unused}>
              <span className={css.column}>
                <span className="medium">{column || '—'}</span>
                <span className={`mono dim ${css.samples}`}>{[...new Set(sniffed.samples.map((row) => row[place]).filter(Boolean))].slice(0, 3).join('  ·  ') || '—'}</span>
              </span>
              <NativeSelect
                aria-label={t.gives(column)}
                data={[{ value: '', label: t.nothing }, ...groups, { group: t.groups.both, items: pairs(given) }]}
                value={given}
                onChange={(event) => onPut({ columns: withFields(layout, column, event.currentTarget.value).columns })}
              />
            </li>
          );
        })}
      </ul>
    </fieldset>
  );
}

/** How numbers and fees are written. */
function Amounts({ layout, onPut }: PartProps) {
  const t = useWords(words);
  const { columns } = layout;
  const kindless = !('type' in columns) && !('side' in columns);
  const sides = Object.entries(t.feeSides).map(([value, label]) => ({ value, label }));
  return (
    <div className={css.settings}>
      <NativeSelect
        label={t.decimal}
        data={[
          ...(layout.decimal ? [] : [{ value: '', label: t.undecided }]),
          { value: '.', label: t.point },
          { value: ',', label: t.comma },
        ]}
        value={layout.decimal}
        onChange={({ currentTarget: { value } }) => onPut({ decimal: value, thousands: layout.thousands === value ? '' : layout.thousands })}
      />
      {kindless ? <NativeSelect label={t.meaning} description={t.meaningHint} data={meaningsIn(t, t.undecided)} value={layout.meaning ?? ''} onChange={(event) => onPut({ meaning: (event.currentTarget.value || null) as Meaning | null })} /> : null}
      {'fee_amount' in columns && !('fee_asset' in columns) ? (
        <NativeSelect label={t.feeSide} data={sides} value={layout.fee_side} onChange={(event) => onPut({ fee_side: event.currentTarget.value as Layout['fee_side'] })} />
      ) : null}
      <Constant layout={layout} field="asset" label={t.oneAsset} when={'amount' in columns && !('asset' in columns)} onPut={onPut} />
      <Constant layout={layout} field="quote" label={t.oneQuote} when={'quantity' in columns && 'base' in columns && !('quote' in columns)} onPut={onPut} />
      <div className={css.switches}>
        {'amount' in columns ? <Switch label={t.signed} checked={layout.signed} onChange={(event) => onPut({ signed: event.currentTarget.checked })} /> : null}
        {'sent_amount' in columns ? <Switch label={t.sentNegative} checked={layout.sent_negative} onChange={(event) => onPut({ sent_negative: event.currentTarget.checked })} /> : null}
        {'fee_amount' in columns ? <Switch label={t.feeNegative} checked={layout.fee_negative} onChange={(event) => onPut({ fee_negative: event.currentTarget.checked })} /> : null}
        {'fee_amount' in columns ? <Switch label={t.feeIncluded} checked={layout.fee_included} onChange={(event) => onPut({ fee_included: event.currentTarget.checked })} /> : null}
      </div>
    </div>
  );
}

/** What every row has in common, where no column gives it. */
function Constant({ layout, field, label, when, onPut }: PartProps & { field: 'asset' | 'quote'; label: string; when: boolean }) {
  if (!when) return null;
  return <TextInput label={label} placeholder="BTC" value={layout.constants[field] ?? ''} onChange={(event) => onPut({ constants: withWord(layout.constants, field, event.currentTarget.value.trim() || undefined) })} />;
}

/** What the texts of the columns mean that tell the kind, the status and the direction of a row. */
function Words({ seen, layout, onPut }: PartProps & { seen: FileSeen }) {
  const t = useWords(words);
  const yesNo = (says: { yes: string; no: string }) => [
    { value: '', label: t.undecided },
    { value: 'yes', label: says.yes },
    { value: 'no', label: says.no },
  ];
  const asText = (value: boolean | undefined) => (value === undefined ? '' : value ? 'yes' : 'no');
  const asFlag = (value: string) => (value === '' ? undefined : value === 'yes');
  const kind = 'type' in layout.columns ? 'type' : 'side';
  return (
    <>
      <Table seen={seen} layout={layout} field={kind} known={Object.keys(layout.words)} data={meaningsIn(t, t.undecided)} value={(text) => layout.words[text] ?? ''} onWord={(text, value) => onPut({ words: withWord(layout.words, text, (value || undefined) as Meaning | undefined) })} />
      <Table seen={seen} layout={layout} field="status" known={Object.keys(layout.statuses)} data={yesNo(t.counts)} value={(text) => asText(layout.statuses[text])} onWord={(text, value) => onPut({ statuses: withWord(layout.statuses, text, asFlag(value)) })} />
      <Table seen={seen} layout={layout} field="direction" known={Object.keys(layout.directions)} data={yesNo(t.comes)} value={(text) => asText(layout.directions[text])} onWord={(text, value) => onPut({ directions: withWord(layout.directions, text, asFlag(value)) })} />
    </>
  );
}

interface TableProps {
  seen: FileSeen;
  layout: Layout;
  field: FieldName;
  known: readonly string[];
  data: { value: string; label: string }[];
  value: (text: string) => string;
  onWord: (text: string, value: string) => void;
}

function Table({ seen, layout, field, known, data, value, onWord }: TableProps) {
  const t = useWords(words);
  const column = layout.columns[field];
  const texts = textsOf(seen, layout, field, known);
  if (column === undefined) return null;
  return (
    <fieldset className={css.part}>
      <legend>
        {t.words}: {column}
      </legend>
      <p className="dim">{texts === null ? t.tooMany(column) : t.wordsHint}</p>
      <div className={css.words}>
        {[...(texts ?? []).filter((text) => text !== ANY), ANY].map((text) => (
          <NativeSelect key={text} label={text === ANY ? t.others : text} data={data} value={value(text)} onChange={(event) => onWord(text, event.currentTarget.value)} />
        ))}
      </div>
    </fieldset>
  );
}

/** Keep it under a name: the next file with this header is read by it. */
function Save({ layout, onPut }: PartProps) {
  const t = useWords(words);
  const save = useSaveLayout(() => tellDone(t.saved));
  return (
    <div className={css.save}>
      <TextInput label={t.name} description={t.nameHint} value={layout.title} onChange={({ currentTarget: { value } }) => onPut({ title: value, name: slugOf(value) })} />
      <Button onClick={() => save.mutate(layout)} loading={save.isPending} disabled={!layout.title.trim()}>
        {t.save}
      </Button>
      <Refusal error={save.error} />
    </div>
  );
}

function meaningsIn(t: { meanings: Readonly<Record<Meaning, string>> }, none: string) {
  return [{ value: '', label: none }, ...MEANINGS.map((one) => ({ value: one as string, label: t.meanings[one] }))];
}
