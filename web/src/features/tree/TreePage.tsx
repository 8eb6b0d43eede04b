// The portfolio is built here: the tree, the share classes of its funds, and which account feeds which place.
import { Button } from '@mantine/core';
import { useSearchParams } from 'react-router';
import { fileOf } from '@/api/client';
import type { NodeDefinition } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { useNodes } from '@/lib/view';
import { Drawer } from '@/ui/Drawer';
import { ExportMenu } from '@/ui/ExportMenu';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import { Branches } from './Branches';
import { ClassForm } from './ClassForm';
import { Classes, Rules } from './Lists';
import { NodeForm } from './NodeForm';
import { RuleForm } from './RuleForm';
import { useClasses, useRules } from './data';
import css from './Tree.module.css';
import words from './words';

/** What is open beside the tree; `add` is something new, `of` where it belongs. */
export type Opened = Readonly<Partial<Record<'node' | 'class' | 'rule' | 'add' | 'of', string>>>;

export default function TreePage() {
  const t = useWords(words);
  const can = useCan()('portfolio:write');
  const nodes = useNodes();
  const [params, setParams] = useSearchParams();
  const open = (what: Opened) => setParams({ ...what }, { replace: true });
  const adding = (what: 'node' | 'class' | 'rule', label: string) =>
    can ? (
      <Button size="xs" variant={what === 'node' ? 'filled' : 'subtle'} onClick={() => open({ add: what })} leftSection={<Icon name="plus" size={13} />}>
        {label}
      </Button>
    ) : null;
  const tools = (path: string) => <ExportMenu href={(format) => fileOf(`/api/v1/${path}`, { format })} />;
  const empty = (
    <Empty icon="tree" title={t.none} action={adding('node', t.addFund)}>
      {t.noneHint}
    </Empty>
  );
  return (
    <div className={css.page}>
      <Panel
        title={t.title}
        sub={nodes.data ? String(nodes.data.length) : undefined}
        tools={
          <>
            {tools('nodes')}
            {adding('node', t.addFund)}
          </>
        }
      >
        <Shown of={nodes}>
          {(found) => (found.length === 0 ? empty : <Branches definitions={found} editable={can} selected={params.get('node')} onOpen={open} />)}
        </Shown>
      </Panel>
      <Panel
        title={t.classes}
        tools={
          <>
            {tools('classes')}
            {adding('class', t.addClass)}
          </>
        }
      >
        <Classes selected={params.get('class')} onOpen={open} />
      </Panel>
      <Panel
        title={t.rules}
        sub={t.rulesHint}
        tools={
          <>
            {tools('rules')}
            {adding('rule', t.addRule)}
          </>
        }
      >
        <Rules selected={params.get('rule')} onOpen={open} />
      </Panel>
      <Beside opened={Object.fromEntries(params)} nodes={nodes.data ?? []} editable={can} onOpen={open} />
    </div>
  );
}

interface BesideProps {
  opened: Opened;
  nodes: readonly NodeDefinition[];
  editable: boolean;
  onOpen: (what: Opened) => void;
}

function Beside({ opened, nodes, editable, onOpen }: BesideProps) {
  const t = useWords(words);
  const found = {
    node: nodes.find((one) => one.id === opened.node),
    class: useClasses().data?.find((one) => one.id === opened.class),
    rule: useRules().data?.find((one) => one.id === opened.rule),
  };
  const fresh = editable ? opened.add : undefined;
  const shared = { nodes, editable, of: opened.of ?? null, onOpen };
  const key = (one?: { id: string; version: number }) => (one ? `${one.id} ${one.version}` : `new ${opened.of ?? ''}`);
  const title = found.node?.body.name ?? found.class?.body.name ?? found.rule?.id ?? (fresh === 'node' || fresh === 'class' || fresh === 'rule' ? t.newTitle[fresh] : null);
  return (
    <Drawer opened={title !== null} title={title} onClose={() => onOpen({})}>
      {found.node || fresh === 'node' ? <NodeForm key={key(found.node)} present={found.node ?? null} {...shared} /> : null}
      {found.class || fresh === 'class' ? <ClassForm key={key(found.class)} present={found.class ?? null} {...shared} /> : null}
      {found.rule || fresh === 'rule' ? <RuleForm key={key(found.rule)} present={found.rule ?? null} {...shared} /> : null}
    </Drawer>
  );
}
