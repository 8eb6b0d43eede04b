// One place of the tree: its name, kind and parent; what feeds it, and its classes.
import { Select } from '@mantine/core';
import type { Node, NodeDefinition, NodeKind } from '@/api/schema';
import { useDraft } from '@/lib/draft';
import { useWords } from '@/lib/i18n';
import { tellDone } from '@/ui/tell';
import { type FormProps, NameFields, Sheet } from './form';
import { problemsOf, useClasses, useDeleteNode, useHanging, usePutNode, useRules } from './data';
import { isFund, leaves, mayMove, rowsOf } from './shape';
import css from './Tree.module.css';
import words from './words';

const FIELDS = { 'bad-name': 'id', 'edited-meanwhile': 'id', 'bad-tree': 'parent' };
const TOP = ' '; // a Select holds no null

const isFundOfFunds = (nodes: readonly NodeDefinition[], id: string) => nodes.some((one) => one.id === id && one.body.kind === 'fund_of_funds');

export function NodeForm({ present, nodes, editable, of, onOpen }: FormProps<NodeDefinition>) {
  const t = useWords(words);
  const fresh: Node = { id: '', name: '', kind: of === null || isFundOfFunds(nodes, of) ? 'fund' : 'strategy', parent: of };
  const [draft, change, forget] = useDraft<Node>(present ? `tree.${present.id}.${present.version}` : `tree.node.${of ?? ''}`, present?.body ?? fresh);
  const put = usePutNode(true);
  const remove = useDeleteNode();
  const hanging = useHanging();
  const bodies = nodes.map((one) => one.body);
  const problems = problemsOf(put.error, FIELDS);
  const parents = rowsOf(bodies).filter((row) => present === null || row.node.id === draft.parent || row.node.id === present.body.parent || mayMove(bodies, present.id, row.node.id));
  const save = () =>
    put.mutate(
      { body: { ...draft, name: draft.name.trim() }, version: present?.version ?? null },
      {
        onSuccess: (saved) => {
          forget();
          tellDone(t.saved);
          onOpen(present ? {} : { node: saved.id });
        },
      },
    );
  return (
    <>
      <Sheet
        present={present !== null}
        editable={editable}
        name={draft.name}
        hanging={hanging(present?.id)}
        ready={draft.name.trim() !== '' && draft.id !== ''}
        busy={put.isPending}
        removing={remove.isPending}
        problems={problems}
        onSave={save}
        onRemove={() => present && remove.mutate(present, { onSuccess: () => onOpen({}) })}
      >
        <NameFields draft={draft} present={present !== null} editable={editable} problems={problems} onChange={change} />
        <Select
          label={t.kind}
          allowDeselect={false}
          readOnly={!editable}
          value={draft.kind}
          error={problems.get('kind')}
          data={Object.entries(t.kinds).map(([value, label]) => ({ value, label }))}
          onChange={(kind) => change({ kind: kind as NodeKind })}
        />
        <Select
          label={t.parent}
          allowDeselect={false}
          searchable
          readOnly={!editable}
          value={draft.parent ?? TOP}
          error={problems.get('parent')}
          data={[{ value: TOP, label: t.onTop }, ...parents.map((row) => ({ value: row.node.id, label: `${'\u2003'.repeat(row.depth)}${row.node.name}` }))]}
          onChange={(parent) => change({ parent: parent === TOP ? null : parent })}
        />
      </Sheet>
      {present ? <Belongings node={present.body} leaf={leaves(bodies).some((one) => one.id === present.id)} editable={editable} onOpen={onOpen} /> : null}
    </>
  );
}

function Belongings({ node, leaf, editable, onOpen }: { node: Node; leaf: boolean; editable: boolean; onOpen: FormProps<never>['onOpen'] }) {
  const t = useWords(words);
  const rules = (useRules().data ?? []).filter((one) => one.body.node === node.id);
  const classes = (useClasses().data ?? []).filter((one) => one.body.fund === node.id);
  return (
    <>
      {isFund(node) ? (
        <section className={css.section}>
          <h3>{t.classesOf}</h3>
          {classes.length === 0 ? <p className="dim">{t.noClassesOf}</p> : null}
          {classes.map((one) => (
            <button key={one.id} type="button" className="link" onClick={() => onOpen({ class: one.id })}>
              {one.body.name}
            </button>
          ))}
          {editable ? (
            <button type="button" className="link" onClick={() => onOpen({ add: 'class', of: node.id })}>
              + {t.addClass}
            </button>
          ) : null}
        </section>
      ) : null}
      <section className={css.section}>
        <h3>{t.fedBy}</h3>
        {rules.length === 0 ? <p className="dim">{t.fedByNothing}</p> : null}
        {rules.map((one) => (
          <button key={one.id} type="button" className="link mono" onClick={() => onOpen({ rule: one.id })}>
            {one.id}
          </button>
        ))}
        {editable && leaf ? (
          <button type="button" className="link" onClick={() => onOpen({ add: 'rule', of: node.id })}>
            + {t.addRule}
          </button>
        ) : null}
      </section>
    </>
  );
}
