// What may be done with the run, what speaks for and against it, and why a button cannot be pressed.
import { Button, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { api, ask } from '@/api/client';
import type { RunAnswer, RunFigures } from '@/api/schema';
import { show } from '@/lib/decimal';
import { useWords } from '@/lib/i18n';
import { keep, kept } from '@/lib/keep';
import { useMe } from '@/lib/session';
import { Dialog } from '@/ui/Dialog';
import { Fingerprint } from '@/ui/Fingerprint';
import { Form } from '@/ui/Form';
import { Panel } from '@/ui/Panel';
import { tellDone } from '@/ui/tell';
import { Checks } from './Checks';
import { useTrail } from './data';
import css from './nav.module.css';
import { refusalOf, stepsOf, type Refusal, type Step } from './steps';
import words from './words';

export function Decision({ run, figures }: { run: RunAnswer; figures: RunFigures | null }) {
  const t = useWords(words);
  const me = useMe();
  const [asked, ask_] = useState<Step | null>(null);
  const steps = stepsOf(run);
  const refusals = steps.map((step) => [step, refusalOf(step, run, me)] as const);
  return (
    <Panel title={t.decide} tools={<span className="dim">{t.asYou(me.name)}</span>} padded>
      <div className={css.decision}>
        {figures && (run.state === 'calculated' || run.state === 'approved') ? <Checks run={run} figures={figures} /> : null}
        {run.result_sha ? (
          <div className={css.bytes}>
            <p>
              <span className="dim">{run.state === 'calculated' ? t.signed : run.approved_by ? t.signedBytes : t.result}</span>
              <span className="grow" />
              <Fingerprint hash={run.result_sha} width={56} />
            </p>
            <p className={`mono ${css.hash}`}>{run.result_sha.match(/.{16}/g)?.join(' ')}</p>
          </div>
        ) : null}
        {steps.length > 0 ? (
          <div className={css.buttons}>
            {refusals.map(([step, refusal]) => (
              <Button
                key={step}
                variant={step === 'approve' || step === 'publish' ? 'filled' : 'default'}
                color={step === 'approve' || step === 'publish' ? 'accent' : 'gray'}
                className={step === 'approve' || step === 'publish' ? css.first : undefined}
                disabled={refusal !== null}
                onClick={() => ask_(step)}
              >
                {t[step]}
              </Button>
            ))}
          </div>
        ) : null}
        <Why run={run} refusals={refusals} />
      </div>
      {asked ? <Confirm key={asked} step={asked} run={run} figures={figures} onClose={() => ask_(null)} /> : null}
    </Panel>
  );
}

function Why({ run, refusals }: { run: RunAnswer; refusals: readonly (readonly [Step, Refusal | null])[] }) {
  const t = useWords(words);
  const found = refusals.find(([, refusal]) => refusal !== null);
  const rights = { approve: t.rightApprove, reject: t.rightApprove, publish: t.rightPublish, restate: t.rightRestate };
  const reason = found && (found[1] === 'provisional' ? t.notFinal : found[1] === 'maker' ? t.makerYou : rights[found[0]]);
  const said =
    run.state === 'approved'
      ? t.approvedNote(run.approved_by ?? '')
      : run.state === 'published'
        ? t.publishedNote(run.published_by ?? '')
        : null;
  return (
    <>
      {said ? <p className="dim">{said}</p> : null}
      {reason ? <p className="dim">{reason}</p> : null}
      {run.state === 'calculated' && !reason ? <p className="dim">{t.maker(run.created_by)}</p> : null}
    </>
  );
}

const TITLES = { approve: 'approveTitle', reject: 'rejectTitle', publish: 'publishTitle', restate: 'restateTitle' } as const;

function Confirm({ step, run, figures, onClose }: { step: Step; run: RunAnswer; figures: RunFigures | null; onClose: () => void }) {
  const t = useWords(words);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const draft = `draft.${step}.${run.id}`;
  const [text, setText] = useState(kept(draft) ?? '');
  const take = useMutation({
    meta: { quiet: true },
    mutationFn: () => send(step, run, text.trim()),
    onSuccess: (id) => {
      keep(draft, '');
      tellDone(t.done[step]);
      void queries.invalidateQueries({ queryKey: ['nav'] });
      onClose();
      if (id !== run.id) void navigate(`/nav/${encodeURIComponent(id)}`);
    },
    onError: () => void queries.invalidateQueries({ queryKey: ['nav'] }),
  });
  const worded = step === 'approve' || step === 'reject';
  const nav = figures?.funds.at(-1)?.nav_usd;
  const bodies = { approve: t.approveBody(nav ? `${show(nav, 2)} USD` : run.id), reject: t.rejectBody, publish: t.publishBody, restate: t.restateBody };
  const verbs = { approve: t.approve, reject: t.rejectVerb, publish: t.publish, restate: t.restateVerb };
  const refusal = refusalOf(step, run, useMe());
  const ready = refusal === null && (step !== 'reject' || text.trim() !== '');
  return (
    <Dialog opened onClose={onClose} title={t[TITLES[step]]}>
      <Form verb={verbs[step]} danger={step === 'reject'} busy={take.isPending} ready={ready} onSubmit={() => take.mutate()} onCancel={onClose}>
        <p className="ink2">{bodies[step]}</p>
        {step === 'approve' && run.result_sha ? <p className={`mono ${css.hash} ${css.bytes}`}>{run.result_sha.match(/.{16}/g)?.join(' ')}</p> : null}
        {worded ? (
          <Textarea
            label={step === 'reject' ? t.rejectVerb : t.note}
            aria-label={step === 'reject' ? t.rejectTitle : t.note}
            description={step === 'approve' ? t.noteHint : undefined}
            value={text}
            onChange={(event) => {
              setText(event.currentTarget.value);
              keep(draft, event.currentTarget.value);
            }}
            maxLength={2000}
            autosize
            minRows={3}
            data-autofocus
          />
        ) : null}
        {take.error || (refusal === 'state' && !take.isSuccess) ? <Refused error={take.error} run={run} moved={refusal === 'state'} /> : null}
      </Form>
    </Dialog>
  );
}

/** The run as the server holds it by now is shown behind; here stands what happened to this request. */
function Refused({ error, run, moved }: { error: Error | null; run: RunAnswer; moved: boolean }) {
  const t = useWords(words);
  const who = useTrail(run.id).data?.at(-1)?.actor ?? run.created_by;
  return (
    <div className={css.refusal} role="alert">
      <strong>{moved ? t.faster : t.refused}</strong>
      <p>{moved ? t.fasterHint(who, t.states[run.state]) : error?.message}</p>
    </div>
  );
}

/** Gives the id of the run to look at next. */
async function send(step: Step, { id, result_sha }: RunAnswer, text: string): Promise<string> {
  const params = { path: { id } };
  switch (step) {
    case 'approve':
      return (await ask(api.POST('/api/v1/nav/runs/{id}/approve', { params, body: { result_sha: result_sha ?? '', note: text } }))).id;
    case 'reject':
      return (await ask(api.POST('/api/v1/nav/runs/{id}/reject', { params, body: { reason: text } }))).id;
    case 'publish':
      return (await ask(api.POST('/api/v1/nav/runs/{id}/publish', { params }))).id;
    case 'restate':
      return (await ask(api.POST('/api/v1/nav/runs/{id}/restate', { params }))).run.id;
  }
}
