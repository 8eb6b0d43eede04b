// What is asked of a product: units created or redeemed, merged or split, dealing halted or gone on with.
import { Checkbox, FileInput, Select, TagsInput, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask } from '@/api/client';
import type { InstructionBody } from '@/api/schema';
import { compare, grouped, isDecimal } from '@/lib/decimal';
import { useWords } from '@/lib/i18n';
import { Drawer } from '@/ui/Drawer';
import { Form } from '@/ui/Form';
import { tellDone } from '@/ui/tell';
import words from './hedgeWords';
import { holdersOf, isChange, type Holders, type WrongHolders } from './holders';

const KINDS = ['create', 'redeem', 'change', 'halt', 'resume'] as const;

interface Typed {
  readonly kind: (typeof KINDS)[number];
  readonly participant: string;
  readonly units: string;
  readonly inKind: boolean;
  readonly old: string;
  readonly now: string;
  readonly holders: Holders | WrongHolders | null;
  readonly cancelled: readonly string[];
  readonly why: string;
}

const EMPTY: Typed = { kind: 'create', participant: '', units: '', inKind: false, old: '', now: '1', holders: null, cancelled: [], why: '' };

/** What is sent; null while it is not whole. */
function wishOf({ kind, participant, units, inKind, old, now, holders, cancelled, why }: Typed): InstructionBody['wish'] | null {
  switch (kind) {
    case 'create':
    case 'redeem':
      return participant.trim() && isDecimal(units) && compare(units, '0') > 0 ? { is: kind, participant: participant.trim(), units, in_kind: inKind } : null;
    case 'change':
      return isChange(old, now) && holders && 'units' in holders ? { is: 'change', old: Number(old), new: Number(now), holders: holders.units, cancelled: [...cancelled] } : null;
    default:
      return why.trim() ? { is: 'halt', halted: kind === 'halt', why: why.trim() } : null;
  }
}

/** `units` are in circulation now. */
export function NewInstruction({ id, units, onClose }: { id: string; units: string; onClose: () => void }) {
  const t = useWords(words);
  const queries = useQueryClient();
  const [typed, setTyped] = useState(EMPTY);
  const change = (part: Partial<Typed>) => setTyped((before) => ({ ...before, ...part }));
  const wish = wishOf(typed);
  const send = useMutation({
    meta: { quiet: true },
    mutationFn: (wanted: InstructionBody['wish']) => ask(api.POST('/api/v1/product-instructions', { body: { listing: id, wish: wanted } })),
    onSuccess: () => {
      tellDone(t.sent);
      void queries.invalidateQueries({ queryKey: ['products', id] });
      onClose();
    },
  });
  return (
    <Drawer opened onClose={onClose} title={t.ask}>
      <Form verb={t.send} busy={send.isPending} ready={wish !== null} error={send.error} onSubmit={() => wish && send.mutate(wish)} onCancel={onClose}>
        <Select label={t.what} value={typed.kind} onChange={(next) => change({ kind: KINDS.find((one) => one === next) ?? typed.kind })} data={KINDS.map((one) => ({ value: one, label: t.kinds[one] }))} allowDeselect={false} />
        {typed.kind === 'create' || typed.kind === 'redeem' ? <Deal typed={typed} onChange={change} /> : null}
        {typed.kind === 'change' ? <Change typed={typed} onChange={change} units={units} /> : null}
        {typed.kind === 'halt' || typed.kind === 'resume' ? (
          <TextInput label={t.why} value={typed.why} onChange={(event) => change({ why: event.currentTarget.value })} required data-autofocus />
        ) : (
          <p className="dim">{t.secondPerson}</p>
        )}
      </Form>
    </Drawer>
  );
}

interface PartProps {
  typed: Typed;
  onChange: (part: Partial<Typed>) => void;
}

function Deal({ typed, onChange }: PartProps) {
  const t = useWords(words);
  const isWrong = typed.units !== '' && !(isDecimal(typed.units) && compare(typed.units, '0') > 0);
  return (
    <>
      <TextInput label={t.participant} value={typed.participant} onChange={(event) => onChange({ participant: event.currentTarget.value })} required data-autofocus />
      <TextInput label={t.units} value={typed.units} onChange={(event) => onChange({ units: event.currentTarget.value.trim() })} error={isWrong ? t.wrongUnits : undefined} required inputMode="decimal" classNames={{ input: 'mono' }} />
      <Checkbox label={t.inKind} description={t.inKindHint} checked={typed.inKind} onChange={(event) => onChange({ inKind: event.currentTarget.checked })} />
    </>
  );
}

function Change({ typed, onChange, units }: PartProps & { units: string }) {
  const t = useWords(words);
  const [file, setFile] = useState<File | null>(null);
  const { holders, old, now } = typed;
  const isWrong = old !== '' && now !== '' && !isChange(old, now);
  const read = async (next: File | null) => {
    setFile(next);
    onChange({ holders: next && (await readHolders(next)) });
  };
  return (
    <>
      <TextInput label={t.oldUnits} description={t.changeHint} value={old} onChange={(event) => onChange({ old: event.currentTarget.value.trim() })} required inputMode="numeric" data-autofocus />
      <TextInput label={t.newUnits} value={now} onChange={(event) => onChange({ now: event.currentTarget.value.trim() })} error={isWrong ? t.noChange : undefined} required inputMode="numeric" />
      <FileInput label={t.holders} description={t.holdersHint} placeholder="CSV" value={file} onChange={(next) => void read(next)} accept=".csv" error={holders && 'wrong' in holders ? t.wrongHolders[holders.wrong](holders.holder) : undefined} clearable clearButtonProps={{ 'aria-label': t.holdersAgain }} required />
      {holders && 'units' in holders ? <Total of={holders} units={units} /> : null}
      <TagsInput label={t.cancelled} description={t.cancelledHint} value={[...typed.cancelled]} onChange={(cancelled) => onChange({ cancelled })} />
    </>
  );
}

function Total({ of: { count, total }, units }: { of: Holders; units: string }) {
  const t = useWords(words);
  const held = t.held(count, grouped(total));
  const isWhole = compare(total, units) === 0;
  return (
    <p className={isWhole ? 'ink2' : 'crit'} role="status">
      {isWhole ? held : t.otherTotal(held, grouped(units))}
    </p>
  );
}

async function readHolders(file: File): Promise<Holders | WrongHolders> {
  try {
    return holdersOf(new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer()));
  } catch {
    return { wrong: 'columns', holder: '' };
  }
}
