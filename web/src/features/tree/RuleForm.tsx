// A sub-book rule: which part of an account feeds which leaf. Account and rank are its identity.
import { NumberInput, Select, TextInput, Textarea } from '@mantine/core';
import type { RuleDefinition, SubBookRule } from '@/api/schema';
import { shift } from '@/lib/decimal';
import { useDraft } from '@/lib/draft';
import { useWords } from '@/lib/i18n';
import { tellDone } from '@/ui/tell';
import { DECIMAL, type FormProps, Sheet } from './form';
import { problemsOf, useAccounts, useDeleteRule, usePutRule, useRules } from './data';
import { leaves } from './shape';
import css from './Tree.module.css';
import words from './words';

type Selector = SubBookRule['selector'];
type Way = Selector['is'];

const FIELDS = { 'edited-meanwhile': 'rank', 'bad-tree': 'node', 'broken-portfolio': 'account', 'sub-book-rule': 'text' };

export function RuleForm({ present, nodes, editable, of, onOpen }: FormProps<RuleDefinition>) {
  const t = useWords(words);
  const accounts = useAccounts().data ?? [];
  const rules = useRules().data ?? [];
  const ends = leaves(nodes.map((one) => one.body));
  const typed = present
    ? { account: present.body.account, rank: present.body.rank, node: present.body.node, way: present.body.selector.is, text: textOf(present.body.selector) }
    : { account: '', rank: 1, node: ends.find((one) => one.id === of)?.id ?? '', way: 'share' as Way, text: '100' };
  const [draft, change, forget] = useDraft(present ? `tree.rule.${present.id}.${present.version}` : `tree.rule.new.${of ?? ''}`, typed);
  const put = usePutRule();
  const remove = useDeleteRule();
  const problems = problemsOf(put.error, FIELDS);
  const selector = selectorOf(draft.way, draft.text);
  const textError = draft.way === 'share' && selector === null ? t.badNumber : (problems.get('text') ?? problems.get('selector'));
  const nextRank = (account: string) => Math.max(0, ...rules.filter((one) => one.body.account === account).map((one) => one.body.rank)) + 1;
  const save = () =>
    selector &&
    put.mutate(
      { body: { account: draft.account, rank: draft.rank, node: draft.node, selector }, version: present?.version ?? null },
      {
        onSuccess: () => {
          forget();
          tellDone(t.saved);
          onOpen({});
        },
      },
    );
  const text = { value: draft.text, readOnly: !editable, error: textError };
  return (
    <Sheet
      present={present !== null}
      editable={editable}
      name={present?.id ?? ''}
      ready={selector !== null && draft.account !== '' && draft.node !== ''}
      busy={put.isPending}
      removing={remove.isPending}
      problems={problems}
      onSave={save}
      onRemove={() => present && remove.mutate(present, { onSuccess: () => onOpen({}) })}
    >
      <div className={css.two}>
        <Select
          label={t.account}
          placeholder={t.choose}
          allowDeselect={false}
          searchable
          readOnly={present !== null}
          value={draft.account || null}
          error={problems.get('account')}
          data={accounts.map((one) => one.id)}
          onChange={(account) => account && change({ account, rank: nextRank(account) })}
        />
        <NumberInput label={t.rank} allowDecimal={false} hideControls readOnly={present !== null} value={draft.rank} error={problems.get('rank')} onChange={(rank) => change({ rank: Number(rank) })} />
      </div>
      <p className="dim">{t.rankHint}</p>
      <Select
        label={t.takes}
        allowDeselect={false}
        readOnly={!editable}
        value={draft.way}
        data={Object.entries(t.ways).map(([value, label]) => ({ value, label }))}
        onChange={(way) => change({ way: way as Way, text: way === 'share' ? '100' : '' })}
      />
      {draft.way === 'asset' || draft.way === 'instrument' ? (
        <Textarea {...text} label={t.list[draft.way]} classNames={{ input: 'mono' }} autosize minRows={3} onChange={(event) => change({ text: event.currentTarget.value })} />
      ) : (
        <TextInput {...text} label={draft.way === 'share' ? t.share : t.tag} onChange={(event) => change({ text: event.currentTarget.value.trim() })} />
      )}
      <Select
        label={t.feeds}
        placeholder={t.choose}
        allowDeselect={false}
        searchable
        readOnly={!editable}
        value={draft.node || null}
        error={problems.get('node')}
        data={ends.map((one) => ({ value: one.id, label: one.name }))}
        onChange={(node) => change({ node: node ?? '' })}
      />
    </Sheet>
  );
}

function textOf(selector: Selector): string {
  switch (selector.is) {
    case 'share':
      return shift(selector.share, 2);
    case 'asset':
      return selector.assets.join('\n');
    case 'instrument':
      return selector.instruments.join('\n');
    case 'tag':
      return selector.tag;
  }
}

function selectorOf(way: Way, text: string): Selector | null {
  if (way === 'share') return DECIMAL.test(text) ? { is: 'share', share: shift(text, -2) } : null;
  const lines = text.split('\n').map((line) => line.trim()).filter(Boolean);
  if (lines.length === 0) return null;
  if (way === 'tag') return { is: 'tag', tag: text.trim() };
  return way === 'asset' ? { is: 'asset', assets: lines } : { is: 'instrument', instruments: lines };
}
