// What people want of a product: asked for, approved by a second person, and what became of it.
import { Button } from '@mantine/core';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask, fileOf } from '@/api/client';
import type { ChangeUnits, InstructionAnswer as Instruction } from '@/api/schema';
import { add, grouped } from '@/lib/decimal';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { useMe } from '@/lib/session';
import { full, moment } from '@/lib/time';
import { Badge, type Tone } from '@/ui/Badge';
import { ConfirmWithReason } from '@/ui/ConfirmWithReason';
import { type Column, DataTable } from '@/ui/DataTable';
import { ExportMenu } from '@/ui/ExportMenu';
import { Figure } from '@/ui/Figure';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import { tellDone } from '@/ui/tell';
import { NewInstruction } from './NewInstruction';
import words from './hedgeWords';

const AT_ONCE = 20;
const TONES: Readonly<Record<Instruction['state'], Tone>> = { requested: 'warn', approved: 'plain', done: 'ok', refused: 'crit', withdrawn: 'plain' };
const HOLDERS_SHOWN = 200;

export function Instructions({ id, quote, units }: { id: string; quote: string; units: string }) {
  const t = useWords(words);
  const may = useCan()('product:deal');
  const [asking, setAsking] = useState(false);
  const found = useInfiniteQuery({
    queryKey: ['products', id, 'instructions'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => ask(api.GET('/api/v1/product-instructions', { params: { query: { listing: id, limit: AT_ONCE, cursor: pageParam } } })),
    getNextPageParam: (page) => page.next ?? undefined,
  });
  return (
    <Panel
      title={t.instructions}
      tools={
        <>
          {may ? (
            <Button size="xs" variant="default" onClick={() => setAsking(true)}>
              {t.ask}
            </Button>
          ) : null}
          <ExportMenu href={(format) => fileOf('/api/v1/product-instructions', { listing: id, format })} />
        </>
      }
    >
      <Shown of={found} rows={3}>
        {({ pages }) => <Table items={pages.flatMap((page) => page.items)} id={id} quote={quote} />}
      </Shown>
      {found.hasNextPage ? (
        <Button fullWidth variant="subtle" onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>
          {t.older}
        </Button>
      ) : null}
      {asking ? <NewInstruction id={id} units={units} onClose={() => setAsking(false)} /> : null}
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
      {wish.is === 'change' ? <Holders wish={wish} /> : null}
      {outcome ? (
        <p className="dim" lang="en">
          {outcome}
        </p>
      ) : null}
    </>
  );
}

/** Whose units a merge or split changes, for who approves it. */
function Holders({ wish: { old, new: now, holders } }: { wish: ChangeUnits }) {
  const t = useWords(words);
  const every = Object.entries(holders);
  const total = every.reduce((sum, [, units]) => add(sum, units), '0');
  return (
    <>
      {t.becomes(old, now)}
      <details>
        <summary className="dim">{t.held(every.length, grouped(total))}</summary>
        <ul>
          {every.slice(0, HOLDERS_SHOWN).map(([holder, units]) => (
            <li key={holder}>
              {holder} <span className="num">{grouped(units)}</span>
            </li>
          ))}
          {every.length > HOLDERS_SHOWN ? <li>…</li> : null}
        </ul>
      </details>
    </>
  );
}

function Decide({ instruction, id }: { instruction: Instruction; id: string }) {
  const t = useWords(words);
  const can = useCan();
  const me = useMe().id;
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
      {instruction.state === 'requested' && instruction.made_by !== me && can('product:approve') ? <Button size="compact-xs" loading={approve.isPending} onClick={() => approve.mutate()}>{t.approve}</Button> : null}{' '}
      {waits && can('product:deal') ? <Button size="compact-xs" variant="default" onClick={() => setWithdrawing(true)}>{t.withdraw}</Button> : null}
      <ConfirmWithReason opened={withdrawing} title={t.withdrawTitle} verb={t.withdraw} busy={withdraw.isPending} onConfirm={(why) => withdraw.mutate(why)} onClose={() => setWithdrawing(false)} />
    </>
  );
}
