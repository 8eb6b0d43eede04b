// The tree itself: walked by arrow keys, rebuilt by dragging or by Alt with an arrow.
import { ActionIcon } from '@mantine/core';
import { useRef, useState, type CSSProperties, type DragEvent, type KeyboardEvent } from 'react';
import type { NodeDefinition } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { Badge } from '@/ui/Badge';
import { Icon } from '@/ui/Icon';
import { tellDone } from '@/ui/tell';
import type { Opened } from './TreePage';
import { useDeleteNode, useHanging, usePutNode } from './data';
import { ConfirmRemove } from './form';
import { inwards, isFund, mayMove, outwards, rowsOf } from './shape';
import css from './Tree.module.css';
import words from './words';

interface BranchesProps {
  definitions: readonly NodeDefinition[];
  editable: boolean;
  selected: string | null;
  onOpen: (what: Opened) => void;
}

export function Branches({ definitions, editable, selected, onOpen }: BranchesProps) {
  const t = useWords(words);
  const nodes = definitions.map((one) => one.body);
  const rows = rowsOf(nodes);
  const list = useRef<HTMLUListElement>(null);
  const [at, setAt] = useState(selected ?? rows[0]?.node.id);
  const [removing, setRemoving] = useState<NodeDefinition | null>(null);
  const here = rows.some((row) => row.node.id === at) ? at : rows[0]?.node.id;
  const { move, dragged, over, drag } = useMoves(definitions, editable);
  const remove = useDeleteNode();
  const hanging = useHanging();
  const walk = (place: number) => {
    const next = rows[Math.max(0, Math.min(rows.length - 1, place))]?.node.id;
    if (next === undefined) return;
    setAt(next);
    list.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(next)}"]`)?.focus();
  };
  const press = (event: KeyboardEvent, id: string) => {
    if (event.target !== event.currentTarget) return; // a button inside the row
    const place = rows.findIndex((row) => row.node.id === id);
    const step = stepOf(event, editable);
    if (step === null) return;
    event.preventDefault();
    if (step === 'out') move(id, outwards(nodes, id));
    else if (step === 'in') move(id, inwards(rows, id));
    else if (step === 'remove') setRemoving(definitions.find((one) => one.id === id) ?? null);
    else if (step === 'open') onOpen({ node: id });
    else if (step === 'first') walk(0);
    else if (step === 'last') walk(rows.length - 1);
    else if (step === 'parent') walk(rows.findIndex((row) => row.node.id === rows[place]?.node.parent));
    else walk(place + (step === 'up' ? -1 : 1));
  };
  return (
    <>
      {editable ? <p className={css.hint}>{t.hint}</p> : null}
      <ul ref={list} className={css.tree} role="tree" aria-label={t.title}>
        {rows.map(({ node, depth }) => (
          <li
            key={node.id}
            role="treeitem"
            aria-level={depth + 1}
            aria-selected={node.id === selected}
            tabIndex={node.id === here ? 0 : -1}
            data-node={node.id}
            className={over === node.id ? `${css.row} ${css.target}` : css.row}
            style={{ '--depth': depth } as CSSProperties}
            onFocus={() => setAt(node.id)}
            onClick={() => onOpen({ node: node.id })}
            onKeyDown={(event) => press(event, node.id)}
            {...drag(node.id)}
          >
            <Icon name={isFund(node) ? 'seal' : 'tree'} size={14} />
            <span className={isFund(node) ? `${css.name} medium` : css.name}>{node.name}</span>
            <Badge>{t.kinds[node.kind]}</Badge>
            <span className="grow" />
            <span className={`mono dim ${css.id}`}>{node.id}</span>
            {editable ? (
              <ActionIcon
                variant="subtle"
                size={24}
                tabIndex={node.id === here ? 0 : -1}
                aria-label={t.addBelowOf(node.name)}
                title={t.addBelow}
                onClick={(event) => {
                  event.stopPropagation();
                  onOpen({ add: 'node', of: node.id });
                }}
              >
                <Icon name="plus" size={13} />
              </ActionIcon>
            ) : null}
          </li>
        ))}
      </ul>
      {dragged !== null && mayMove(nodes, dragged, null) ? (
        <div className={over === null ? `${css.top} ${css.target}` : css.top} {...drag(null)}>
          {t.dropOnTop}
        </div>
      ) : null}
      <ConfirmRemove
        opened={removing !== null}
        name={removing?.body.name ?? ''}
        hanging={hanging(removing?.id)}
        busy={remove.isPending}
        onConfirm={() => removing && remove.mutate(removing, { onSettled: () => setRemoving(null) })}
        onClose={() => setRemoving(null)}
      />
    </>
  );
}

/** Moving a node: at once by `move`, or by dragging; `over` is what would become its parent, null the top. */
function useMoves(definitions: readonly NodeDefinition[], editable: boolean) {
  const t = useWords(words);
  const nodes = definitions.map((one) => one.body);
  const put = usePutNode(false);
  const [dragged, setDragged] = useState<string | null>(null);
  const [over, setOver] = useState<string | null | undefined>(undefined);
  const move = (id: string, parent: string | null | undefined) => {
    const node = definitions.find((one) => one.id === id);
    if (!node || parent === undefined || put.isPending || !mayMove(nodes, id, parent)) return;
    const below = nodes.find((one) => one.id === parent)?.name ?? null;
    put.mutate({ body: { ...node.body, parent }, version: node.version }, { onSuccess: () => tellDone(t.moved(node.body.name, below)) });
  };
  const end = () => {
    setDragged(null);
    setOver(undefined);
  };
  const drag = (id: string | null) =>
    editable
      ? {
          draggable: id !== null,
          onDragStart: (event: DragEvent) => {
            event.dataTransfer.effectAllowed = 'move';
            event.dataTransfer.setData('text/plain', id ?? '');
            setDragged(id);
          },
          onDragOver: (event: DragEvent) => {
            if (dragged === null || !mayMove(nodes, dragged, id)) return;
            event.preventDefault(); // the browser's word for: it may be dropped here
            setOver(id);
          },
          onDragLeave: () => setOver(undefined),
          onDrop: (event: DragEvent) => {
            event.preventDefault();
            if (dragged !== null) move(dragged, id);
            end();
          },
          onDragEnd: end,
        }
      : {};
  return { move, dragged, over, drag };
}

type Step = 'up' | 'down' | 'first' | 'last' | 'parent' | 'open' | 'out' | 'in' | 'remove';

const STEPS: Readonly<Record<string, Step>> = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'parent', ArrowRight: 'down', Home: 'first', End: 'last', Enter: 'open' };
const CHANGES: Readonly<Record<string, Step>> = { 'Alt ArrowLeft': 'out', 'Alt ArrowRight': 'in', Delete: 'remove' };

function stepOf(event: KeyboardEvent, editable: boolean): Step | null {
  const key = event.altKey ? `Alt ${event.key}` : event.key;
  return STEPS[key] ?? (editable ? (CHANGES[key] ?? null) : null);
}
