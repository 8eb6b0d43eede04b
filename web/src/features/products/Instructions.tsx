// What people want of a product: asked for, approved by a second person, and what became of it.
import { Button, Checkbox, Select, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask } from '@/api/client';
import type { InstructionAnswer as Instruction, InstructionBody } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { full, moment } from '@/lib/time';
import { Badge, type Tone } from '@/ui/Badge';
import { ConfirmWithReason } from '@/ui/ConfirmWithReason';
import { type Column, DataTable } from '@/ui/DataTable';
import { Drawer } from '@/ui/Drawer';
import { Figure } from '@/ui/Figure';
import { Form } from '@/ui/Form';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import { tellDone } from '@/ui/tell';
import words from './hedgeWords';

const SHOWN = 20;
const TONES: Readonly<Record<Instruction['state'], Tone>> = { requested: 'warn', approved: 'plain', done: 'ok', refused: 'crit', withdrawn: 'plain' };
const ASKED = ['create', 'redeem', 'halt', 'resume'] as const;
type Asked = (typeof ASKED)[number];

export function Instructions({ id, quote }: { id: string; quote: string }) {
  const t = useWords(words);
  const may = useCan()('product:deal');
  const [asking, setAsking] = useState(false);
  const found = useQuery({
    queryKey: ['products', id, 'instructions'],
    queryFn: () => ask(api.GET('/api/v1/product-instructions', { params: { query: { listing: id, limit: SHOWN } } })),
  });
  return (
    <Panel title={t.instructions} tools={may ? <Button size="xs" variant="default" onClick={() => setAsking(true)}>{t.ask}</Button> : null}>
      <Shown of={found} rows={3}>
        {({ items }) => <Table items={items} id={id} quote={quote} />}
      </Shown>
      {asking ? <Ask id={id} onClose={() => setAsking(false)} /> : null}
    </Panel>
  );
}

function Table({ items, id, quote }: { items: readonly Instruction[]; id: string; quote: string }) {
  const t = useWords(words);
  const language = useLanguage();
  const columns: readonly Column<Instruction>[] = [
    { id: 'when', header: t.when, unit: 'UTC', card: 'note', cell: (row) => <span className="num nowrap" title={full(row.made_at)}>{moment(row.made_at, language)}</span> },
    { id: 'what', header: t.what, card: 'title', cell: (row) => <What instruction={row} /> },
    { id: 'by', header: t.by, cell: (row) => [row.made_by, row.approved_by].filter((who, n, all) => who && all.indexOf(who) === n).join(', ') },
    { id: 'state', header: t.state, card: 'aside', cell: (row) => <span title={row.outcome || undefined}><Badge tone={TONES[row.state]}>{t.states[row.state]}</Badge></span> },
    { id: 'total', header: t.total, unit: quote, align: 'right', card: 'value', cell: (row) => (row.dealt ? <Figure value={row.dealt.total} places={2} /> : null) },
    { id: 'verbs', header: '', align: 'right', cell: (row) => <Decide instruction={row} id={id} /> },
  ];
  return <DataTable label={t.instructions} columns={columns} rows={items} rowKey={(row) => row.id} empty={<Empty title={t.none}>{t.noneHint}</Empty>} />;
}

function What({ instruction: { wish, outcome } }: { instruction: Instruction }) {
  const t = useWords(words);
  const kind = wish.is === 'halt' && !wish.halted ? 'resume' : wish.is;
  return (
    <>
      {t.kinds[kind]} {wish.is === 'create' || wish.is === 'redeem' ? <><Figure value={wish.units} places={4} /> · {wish.participant}</> : null}
      {wish.is === 'approve' || wish.is === 'close' ? wish.number : null}
      {outcome ? <p className="dim">{outcome}</p> : null}
    </>
  );
}

function Decide({ instruction, id }: { instruction: Instruction; id: string }) {
  const t = useWords(words);
  const can = useCan();
  const queries = useQueryClient();
  const [withdrawing, setWithdrawing] = useState(false);
  const params = { path: { id: instruction.id } };
  const done = (message: string) => {
    tellDone(message);
    setWithdrawing(false);
    void queries.invalidateQueries({ queryKey: ['products', id] });
  };
  const approve = useMutation({
    mutationFn: () => ask(api.POST('/api/v1/product-instructions/{id}/approve', { params })),
    onSuccess: () => done(t.approved),
  });
  const withdraw = useMutation({
    mutationFn: (why: string) => ask(api.POST('/api/v1/product-instructions/{id}/withdraw', { params, body: { why } })),
    onSuccess: () => done(t.states.withdrawn),
  });
  const waits = instruction.state === 'requested' || instruction.state === 'approved';
  return (
    <>
      {instruction.state === 'requested' && can('product:approve') ? <Button size="compact-xs" loading={approve.isPending} onClick={() => approve.mutate()}>{t.approve}</Button> : null}{' '}
      {waits && can('product:deal') ? <Button size="compact-xs" variant="default" onClick={() => setWithdrawing(true)}>{t.withdraw}</Button> : null}
      <ConfirmWithReason opened={withdrawing} title={t.withdrawTitle} verb={t.withdraw} busy={withdraw.isPending} onConfirm={(why) => withdraw.mutate(why)} onClose={() => setWithdrawing(false)} />
    </>
  );
}

function Ask({ id, onClose }: { id: string; onClose: () => void }) {
  const t = useWords(words);
  const queries = useQueryClient();
  const [kind, setKind] = useState<Asked>('create');
  const [participant, setParticipant] = useState('');
  const [units, setUnits] = useState('');
  const [inKind, setInKind] = useState(false);
  const [why, setWhy] = useState('');
  const deals = kind === 'create' || kind === 'redeem';
  const wish: InstructionBody['wish'] = deals ? { is: kind, participant, units, in_kind: inKind } : { is: 'halt', halted: kind === 'halt', why };
  const send = useMutation({
    meta: { quiet: true },
    mutationFn: () => ask(api.POST('/api/v1/product-instructions', { body: { listing: id, wish } })),
    onSuccess: () => {
      tellDone(t.sent);
      void queries.invalidateQueries({ queryKey: ['products', id] });
      onClose();
    },
  });
  return (
    <Drawer opened onClose={onClose} title={t.ask}>
      <Form verb={t.send} busy={send.isPending} error={send.error} onSubmit={() => send.mutate()} onCancel={onClose}>
        <Select label={t.what} value={kind} onChange={(next) => setKind(ASKED.find((one) => one === next) ?? kind)} data={ASKED.map((one) => ({ value: one, label: t.kinds[one] }))} allowDeselect={false} />
        {deals ? (
          <>
            <TextInput label={t.participant} value={participant} onChange={(event) => setParticipant(event.currentTarget.value)} required data-autofocus />
            <TextInput label={t.units} value={units} onChange={(event) => setUnits(event.currentTarget.value.trim())} required inputMode="decimal" classNames={{ input: 'mono' }} />
            <Checkbox label={t.inKind} description={t.inKindHint} checked={inKind} onChange={(event) => setInKind(event.currentTarget.checked)} />
            <p className="dim">{t.secondPerson}</p>
          </>
        ) : (
          <TextInput label={t.why} value={why} onChange={(event) => setWhy(event.currentTarget.value)} required data-autofocus />
        )}
      </Form>
    </Drawer>
  );
}
