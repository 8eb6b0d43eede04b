// One schedule: who, when, in which time zone; its next three times.
import { Button, Select, Switch, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask, Problem } from '@/api/client';
import type { ScheduleAnswer } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { full } from '@/lib/time';
import { useFunds, useNumeraires, useView } from '@/lib/view';
import { ConfirmWithReason } from '@/ui/ConfirmWithReason';
import { Drawer } from '@/ui/Drawer';
import { Form } from '@/ui/Form';
import { saidOf, tellDone } from '@/ui/tell';
import { keepDraft, readDraft, type Draft } from './draft';
import css from './schedules.module.css';
import words from './words';

const PRESETS = { daily: '0 0 * * *', weekdays: '0 17 * * mon-fri', hourly: '0 * * * *', monthly: '0 0 1 * *' } as const;
const ZONES = Intl.supportedValuesOf('timeZone');

export function ScheduleForm({ schedule, onClose }: { schedule: ScheduleAnswer | null; onClose: () => void }) {
  const t = useWords(words);
  const may = useCan()('job:write');
  const { fund } = useView();
  const [typed, setDraft] = useState(() => readDraft(schedule, ''));
  const draft = { ...typed, fund: typed.fund || (fund ?? '') }; // the funds may be read later than this opens
  const [removing, setRemoving] = useState(false);
  const put = (change: Partial<Draft>) => {
    const next = { ...draft, ...change };
    setDraft(next);
    keepDraft(schedule, next);
  };
  const { save, remove } = useChanges(schedule, draft, onClose);
  const problem = save.error instanceof Problem ? save.error : null;
  const at = (field: string) => problem?.fields.get(field) ?? (problem?.body.type.includes('bad-schedule') && guessed(problem.message) === field ? problem.message : undefined);
  const refusal = save.error && (problem?.status === 409 ? t.conflict : saidOf(save.error));
  const shownAtField = ['schedule_id', 'fund', 'cron', 'time_zone'].some((field) => at(field) !== undefined);
  return (
    <Drawer opened onClose={onClose} title={schedule ? `${t.edit} · ${schedule.id}` : t.add}>
      <Form
        verb={may ? t.save : undefined}
        busy={save.isPending}
        error={shownAtField ? null : refusal}
        onSubmit={() => save.mutate()}
        onCancel={onClose}
        also={
          schedule ? (
            <Button variant="subtle" color="crit" onClick={() => setRemoving(true)}>
              {t.remove}
            </Button>
          ) : null
        }
      >
        {schedule ? null : <TextInput label={t.name} description={t.nameHint} value={draft.id} onChange={(event) => put({ id: event.currentTarget.value })} error={at('schedule_id')} required data-autofocus disabled={!may} />}
        <Funds value={draft.fund} onChange={(value) => put({ fund: value })} error={at('fund')} disabled={!may} />
        <div className={css.presets}>
          {(Object.keys(PRESETS) as (keyof typeof PRESETS)[]).map((one) => (
            <Button key={one} size="xs" variant={draft.cron === PRESETS[one] ? 'light' : 'default'} aria-pressed={draft.cron === PRESETS[one]} onClick={() => put({ cron: PRESETS[one] })} disabled={!may}>
              {t.presets[one]}
            </Button>
          ))}
        </div>
        <TextInput label={t.cron} description={t.cronHint} value={draft.cron} onChange={(event) => put({ cron: event.currentTarget.value })} error={at('cron')} required classNames={{ input: 'mono' }} disabled={!may} />
        <Select label={t.zone} value={draft.time_zone} onChange={(value) => put({ time_zone: value ?? 'UTC' })} data={['UTC', ...ZONES.filter((zone) => zone !== 'UTC')]} searchable limit={60} error={at('time_zone')} disabled={!may} />
        <Numeraires value={draft.numeraire} onChange={(value) => put({ numeraire: value })} disabled={!may} />
        <Switch label={t.enabled} checked={draft.enabled} onChange={(event) => put({ enabled: event.currentTarget.checked })} disabled={!may} />
        <NextTimes draft={draft} />
        {may ? null : <p className="dim">{t.noRight}</p>}
      </Form>
      <ConfirmWithReason opened={removing} title={t.removeTitle} verb={t.removeVerb} danger reason="none" busy={remove.isPending} onConfirm={() => remove.mutate()} onClose={() => setRemoving(false)}>
        {t.removeBody}
      </ConfirmWithReason>
    </Drawer>
  );
}

/** The server names the value in its sentence; which field that is. */
function guessed(message: string): string {
  return message.includes('time zone') ? 'time_zone' : message.includes('cron') ? 'cron' : message.includes('fund') ? 'fund' : 'schedule_id';
}

function useChanges(schedule: ScheduleAnswer | null, draft: Draft, onClose: () => void) {
  const t = useWords(words);
  const queries = useQueryClient();
  const done = (message: string) => {
    keepDraft(schedule, null);
    tellDone(message);
    void queries.invalidateQueries({ queryKey: ['schedules'] });
    onClose();
  };
  const { id, ...body } = draft;
  const params = { path: { schedule_id: schedule?.id ?? id } };
  const save = useMutation({
    meta: { quiet: true },
    mutationFn: () => ask(api.PUT('/api/v1/schedules/{schedule_id}', { params, body: { ...body, cut: schedule?.cut ?? 'daily-close', version: schedule?.version ?? 0 } })),
    onSuccess: () => done(t.saved),
    onError: () => void queries.invalidateQueries({ queryKey: ['schedules'] }),
  });
  const remove = useMutation({
    mutationFn: () => ask(api.DELETE('/api/v1/schedules/{schedule_id}', { params })),
    onSuccess: () => done(t.removed),
  });
  return { save, remove };
}

function Funds({ value, onChange, error, disabled }: { value: string; onChange: (value: string) => void; error: string | undefined; disabled: boolean }) {
  const t = useWords(words);
  const funds = useFunds();
  return <Select label={t.fund} value={value} onChange={(next) => onChange(next ?? value)} data={funds.map((one) => ({ value: one.id, label: one.body.name }))} error={error} disabled={disabled} required />;
}

function Numeraires({ value, onChange, disabled }: { value: string | null; onChange: (value: string | null) => void; disabled: boolean }) {
  const t = useWords(words);
  return <Select label={t.numeraire} placeholder={t.numeraireOwn} value={value} onChange={onChange} data={[...useNumeraires()]} clearable searchable disabled={disabled} />;
}

/** The next three times of what is typed, saved or not. */
function NextTimes({ draft: { cron, time_zone, enabled } }: { draft: Draft }) {
  const t = useWords(words);
  const [settled] = useDebouncedValue(cron.trim(), 300);
  const next = useQuery({
    queryKey: ['schedules', 'next', settled, time_zone],
    enabled: enabled && settled !== '',
    retry: false,
    queryFn: () => ask(api.GET('/api/v1/schedule-times', { params: { query: { cron: settled, time_zone, count: 3 } } })),
  });
  return (
    <div>
      <p className="medium">{t.nextThree}</p>
      <ul className={css.times} aria-live="polite">
        {enabled ? null : <li className="dim">{t.nextNone}</li>}
        {enabled && next.error ? <li className="crit">{saidOf(next.error)}</li> : null}
        {enabled
          ? next.data?.map((at) => (
              <li key={at} className="num">
                {full(at)}
              </li>
            ))
          : null}
      </ul>
    </div>
  );
}
