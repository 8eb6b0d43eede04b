import { Button, Select, TextInput, Textarea } from '@mantine/core';
import { useState } from 'react';
import type { ManualItem, NodeDefinition } from '@/api/schema';
import { useAssets } from '@/lib/assets';
import { isDecimal, sign } from '@/lib/decimal';
import { useDraft } from '@/lib/draft';
import { useWords } from '@/lib/i18n';
import { useNodes } from '@/lib/view';
import { fieldsOf, Form } from '@/ui/Form';
import { tellDone } from '@/ui/tell';
import css from './Manual.module.css';
import { useEnter, type FactOf } from './data';
import words from './words';

const KINDS = ['pending_withdrawal', 'pending_deposit', 'airdrop', 'receivable', 'payable', 'other'] as const;

const field = (instant: string | null | undefined): string => (instant ? new Date(instant).toISOString().slice(0, 16) : '');
const instant = (text: string): string | null => {
  const at = new Date(`${text}Z`);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
};

interface Draft {
  node: string;
  kind: ManualItem['kind'];
  number: string;
  asset: string;
  from: string;
  until: string;
  reason: string;
  why: string;
}

const fresh = (): Draft => ({ node: '', kind: 'receivable', number: '', asset: '', from: field(new Date().toISOString()), until: '', reason: '', why: '' });

const stated = ({ body, occurred_at }: FactOf<ManualItem>): Draft => ({
  node: body.node,
  kind: body.kind,
  number: body.amount.number,
  asset: body.amount.asset,
  from: field(occurred_at),
  until: field(body.until),
  reason: body.reason,
  why: '',
});

/** The nodes to choose from; those whose name the role does not see are left out. */
function named(nodes: readonly NodeDefinition[]) {
  const ids = nodes.map((one) => one.id);
  return nodes.filter((one, place) => ids.indexOf(one.id) === place && !one.id.startsWith('•')).map((one) => ({ value: one.id, label: one.body.name }));
}

/** A new item, or the correction of one: the old stays in the record and the new takes its place. */
export function ItemForm({ corrects, onClose }: { corrects: FactOf<ManualItem> | null; onClose: () => void }) {
  const t = useWords(words);
  const nodes = useNodes().data ?? [];
  const assets = useAssets().data ?? [];
  const [draft, change, forget] = useDraft<Draft>(corrects ? `manual.${corrects.content_hash}` : 'manual.new', corrects ? stated(corrects) : fresh());
  const [tried, setTried] = useState(false);
  const enter = useEnter();
  const fields = fieldsOf(enter.error);
  const from = instant(draft.from);
  const until = draft.until === '' ? null : instant(draft.until);
  const problems = {
    node: draft.node === '' ? t.required : undefined,
    asset: draft.asset === '' ? t.required : undefined,
    number: isDecimal(draft.number) && sign(draft.number) !== 0 ? undefined : t.badAmount,
    from: from === null ? t.badTime : undefined,
    until: draft.until !== '' && (until === null || (from !== null && until <= from)) ? t.badUntil : undefined,
    reason: draft.reason.trim() === '' ? t.required : undefined,
    why: corrects && draft.why.trim() === '' ? t.required : undefined,
  };
  const problem = (name: keyof typeof problems, place: string) => (tried ? problems[name] : undefined) ?? fields.get(place);
  const send = () => {
    setTried(true);
    if (from === null || Object.values(problems).some((one) => one !== undefined)) return;
    enter.mutate(
      {
        body: { is: 'manual_item', node: draft.node, kind: draft.kind, amount: { number: draft.number, asset: draft.asset }, reason: draft.reason.trim(), until },
        occurred_at: from,
        reason: (corrects ? draft.why : draft.reason).trim(),
        ...(corrects ? { supersedes: corrects.content_hash } : {}),
      },
      {
        onSuccess: () => {
          forget();
          tellDone(corrects ? t.corrected : t.saved);
          onClose();
        },
      },
    );
  };
  return (
    <Form
      noValidate
      verb={corrects ? t.saveCorrection : t.save}
      busy={enter.isPending}
      error={enter.error}
      onSubmit={send}
      onCancel={onClose}
      also={
        <Button variant="subtle" onClick={forget}>
          {t.discard}
        </Button>
      }
    >
      <p className="ink2">{corrects ? t.correctHint : t.second}</p>
      <Select label={t.node} searchable data={named(nodes)} value={draft.node || null} onChange={(node) => change({ node: node ?? '' })} error={problem('node', 'body.node')} data-autofocus />
      <Select label={t.kind} data={KINDS.map((one) => ({ value: one, label: t.kinds[one] }))} value={draft.kind} onChange={(kind) => change({ kind: (kind ?? 'other') as ManualItem['kind'] })} />
      <div className={css.two}>
        <TextInput label={t.amount} description={t.amountHint} inputMode="decimal" value={draft.number} onChange={(event) => change({ number: event.currentTarget.value.trim().replace('\u2212', '-') })} error={problem('number', 'body.amount.number')} />
        <Select label={t.asset} description={'\u00a0'} searchable data={assets.map((one) => ({ value: one.id, label: one.symbol }))} value={draft.asset || null} onChange={(asset) => change({ asset: asset ?? '' })} error={problem('asset', 'body.amount.asset')} />
      </div>
      <div className={css.two}>
        <TextInput type="datetime-local" label={t.from} description={'\u00a0'} value={draft.from} onChange={(event) => change({ from: event.currentTarget.value })} error={problem('from', 'occurred_at')} />
        <TextInput type="datetime-local" label={t.until} description={t.untilHint} value={draft.until} onChange={(event) => change({ until: event.currentTarget.value })} error={problem('until', 'body.until')} />
      </div>
      <Textarea label={t.reason} description={t.reasonHint} autosize minRows={2} maxLength={2000} value={draft.reason} onChange={(event) => change({ reason: event.currentTarget.value })} error={problem('reason', 'body.reason')} />
      {corrects ? <Textarea label={t.why} autosize minRows={2} maxLength={2000} value={draft.why} onChange={(event) => change({ why: event.currentTarget.value })} error={problem('why', 'reason')} /> : null}
    </Form>
  );
}
