// A share class of a fund. The fee is typed in per cent and kept as a fraction.
import { NumberInput, Select, TextInput } from '@mantine/core';
import type { ShareClassDefinition } from '@/api/schema';
import { useAssets } from '@/lib/assets';
import { shift } from '@/lib/decimal';
import { useDraft } from '@/lib/draft';
import { useWords } from '@/lib/i18n';
import { tellDone } from '@/ui/tell';
import { DECIMAL, type FormProps, NameFields, Sheet } from './form';
import { problemsOf, useDeleteClass, usePutClass } from './data';
import { isFund } from './shape';
import css from './Tree.module.css';
import words from './words';

// The fund is chosen among funds, so a whole that does not hold together is about the currency.
const FIELDS = { 'bad-name': 'id', 'edited-meanwhile': 'id', 'bad-tree': 'fund', 'broken-portfolio': 'currency' };

export function ClassForm({ present, nodes, editable, of, onOpen }: FormProps<ShareClassDefinition>) {
  const t = useWords(words);
  const assets = useAssets().data ?? [];
  const funds = nodes.filter((one) => isFund(one.body));
  const typed = present
    ? { ...present.body, day_count: present.body.day_count ?? 365, fee: shift(present.body.management_fee_rate, 2) }
    : { id: '', name: '', fund: of ?? '', currency: 'iso4217:USD', day_count: 365, fee: '0' };
  const [draft, change, forget] = useDraft(present ? `tree.class.${present.id}.${present.version}` : `tree.class.new.${of ?? ''}`, typed);
  const put = usePutClass();
  const remove = useDeleteClass();
  const problems = problemsOf(put.error, FIELDS);
  const good = DECIMAL.test(draft.fee);
  const save = () => {
    const { fee, ...rest } = draft;
    put.mutate(
      { body: { ...rest, name: draft.name.trim(), management_fee_rate: shift(fee, -2) }, version: present?.version ?? null },
      {
        onSuccess: () => {
          forget();
          tellDone(t.saved);
          onOpen({});
        },
      },
    );
  };
  return (
    <Sheet
      present={present !== null}
      editable={editable}
      name={draft.name}
      ready={good && draft.name.trim() !== '' && draft.id !== '' && draft.fund !== '' && draft.currency !== ''}
      busy={put.isPending}
      removing={remove.isPending}
      problems={problems}
      onSave={save}
      onRemove={() => present && remove.mutate(present, { onSuccess: () => onOpen({}) })}
    >
      <NameFields draft={draft} present={present !== null} editable={editable} problems={problems} onChange={change} />
      <Select
        label={t.fund}
        allowDeselect={false}
        readOnly={!editable}
        value={draft.fund || null}
        placeholder={t.choose}
        error={problems.get('fund')}
        data={funds.map((one) => ({ value: one.id, label: one.body.name }))}
        onChange={(fund) => change({ fund: fund ?? '' })}
      />
      <Select
        label={t.currency}
        description={t.currencyHint}
        allowDeselect={false}
        searchable
        limit={50}
        readOnly={!editable}
        value={draft.currency}
        error={problems.get('currency')}
        data={assets.map((one) => ({ value: one.id, label: one.id.endsWith(`:${one.symbol}`) ? one.symbol : `${one.symbol} · ${one.id}` }))}
        onChange={(currency) => change({ currency: currency ?? '' })}
      />
      <div className={css.two}>
        <TextInput
          label={t.fee}
          inputMode="decimal"
          value={draft.fee}
          readOnly={!editable}
          error={good ? problems.get('management_fee_rate') : t.badNumber}
          onChange={(event) => change({ fee: event.currentTarget.value.trim() })}
        />
        <NumberInput
          label={t.dayCount}
          min={1}
          max={366}
          allowDecimal={false}
          hideControls
          readOnly={!editable}
          value={draft.day_count}
          error={problems.get('day_count')}
          onChange={(days) => change({ day_count: Number(days) })}
        />
      </div>
    </Sheet>
  );
}
