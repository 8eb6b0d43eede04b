// One source: what it says, what is wrong, and the one thing to do about it.
import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { Link, useNavigate } from 'react-router';
import { api, ask } from '@/api/client';
import type { ConnectionBody, ConnectorAnswer, HealthAnswer, KeyCheckAnswer } from '@/api/schema';
import { show } from '@/lib/decimal';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { clock, moment } from '@/lib/time';
import { Badge } from '@/ui/Badge';
import { ConfirmWithReason } from '@/ui/ConfirmWithReason';
import { Icon } from '@/ui/Icon';
import { Shown } from '@/ui/States';
import { tellDone, tellProblem } from '@/ui/tell';
import css from './Connections.module.css';
import { KeyForm, KeyGuide } from './KeyForm';
import { StateMark } from './SourceTable';
import { atFault, useCompleteness, useConnection, usePutConnection } from './data';
import words from './words';

interface SourcePanelProps {
  source: HealthAnswer;
  connector: ConnectorAnswer;
  atStake: ReactNode;
  onGather: () => void;
  gathering: boolean;
}

export function SourcePanel({ source, connector, atStake, onGather, gathering }: SourcePanelProps) {
  const t = useWords(words);
  const language = useLanguage();
  const can = useCan();
  const connection = useConnection(source.id);
  const [replacing, setReplacing] = useState(false);
  const fault = atFault(source);
  return (
    <section className={fault ? `${css.aside} ${css.fault}` : css.aside} aria-label={source.id}>
      <header className={css.asideHead}>
        <h2>{fault ? <FaultTitle source={source} /> : source.id}</h2>
        {fault ? <span className="dim">{source.gathered_at ? t.since(moment(source.gathered_at, language)) : ''}</span> : <StateMark state={source.state} />}
      </header>
      {fault ? (
        <div className={css.asideText}>
          {source.error ? <pre className={css.said}>{source.error}</pre> : null}
          <p className="ink2">
            {t.carried} {atStake}
          </p>
          <p className="ink2">{t.mend}</p>
        </div>
      ) : null}
      <Shown of={connection} rows={4}>
        {({ body }) => (
          <>
            <dl className={css.facts}>
              <dt>{t.account}</dt>
              <dd>{body.account ?? t.prices}</dd>
              <dt>{t.historyFrom}</dt>
              <dd className="num">{moment(body.since, language)}</dd>
              <dt>{t.address}</dt>
              <dd className={body.base_url ? 'mono' : undefined}>{body.base_url ?? t.ownAddress}</dd>
              {source.gathered_at ? (
                <>
                  <dt>{t.lastGathered}</dt>
                  <dd className="num" title={source.message}>
                    {moment(source.gathered_at, language)}
                  </dd>
                </>
              ) : null}
              <Completeness account={source.account} />
              {source.account ? (
                <>
                  <dt>{t.updates}</dt>
                  <dd className="num" title={source.feed?.trouble || undefined}>
                    {t.freshness[source.freshness]}
                    {source.feed?.last_message_at ? `, ${t.lastMessage(clock(source.feed.last_message_at))}` : ''}
                    {source.feed && source.feed.reconnects > 0 ? `, ${t.reconnects(source.feed.reconnects)}` : ''}
                  </dd>
                </>
              ) : null}
              {source.stream ? (
                <>
                  <dt>{t.livePrices}</dt>
                  <dd className="num" title={source.stream.trouble || undefined}>
                    {t.streamStates[source.stream.state]} {t.since(moment(source.stream.since, language))}
                    {source.stream.last_message_at ? `, ${t.lastMessage(clock(source.stream.last_message_at))}` : ''}
                    {source.stream.reconnects > 0 ? `, ${t.reconnects(source.stream.reconnects)}` : ''}
                  </dd>
                </>
              ) : null}
            </dl>
            {replacing ? (
              <ReplaceKey id={source.id} connector={connector} body={{ ...body, base_url: body.base_url ?? null, settings: body.settings ?? '' }} onClose={() => setReplacing(false)} />
            ) : (
              <div className={css.actions}>
                {can('source:gather') ? (
                  <Button size="xs" variant={fault ? 'filled' : 'default'} onClick={onGather} loading={gathering} disabled={!body.enabled}>
                    {t.gatherNow}
                  </Button>
                ) : null}
                {can('source:write') ? (
                  <>
                    {connector.credentials.length > 0 ? <Button size="xs" onClick={() => setReplacing(true)}>{t.replaceKey}</Button> : null}
                    <PauseButton id={source.id} body={body} />
                    <RemoveButton id={source.id} />
                  </>
                ) : null}
              </div>
            )}
          </>
        )}
      </Shown>
      {source.account !== null && can('source:gather') ? <KeyRights key={source.id} id={source.id} /> : null}
    </section>
  );
}

/** Whether snapshots and facts of the account agree, and where to read on if they do not. */
function Completeness({ account }: { account: string | null }) {
  const t = useWords(words);
  const language = useLanguage();
  const found = useCompleteness(account);
  if (!found) return null;
  return (
    <>
      <dt>{t.reconciled}</dt>
      <dd>
        {found.open_issues > 0 ? (
          <Link to="/issues">{t.openBreaks(found.open_issues)}</Link>
        ) : found.checked_at ? (
          t.reconciledUpTo(moment(found.checked_at, language))
        ) : (
          t.notReconciled
        )}
      </dd>
    </>
  );
}

function FaultTitle({ source }: { source: HealthAnswer }) {
  const t = useWords(words);
  const title = source.state === 'failed' ? t.failedTitle : source.state === 'quiet' ? t.quietTitle : t.neverTitle;
  return (
    <span className={`${css.faultTitle} ${source.state === 'never' ? '' : 'crit'}`}>
      <Icon name={source.state === 'failed' ? 'crit' : 'warn'} size={16} /> <span className="ink">{title(source.id)}</span>
    </span>
  );
}

function ReplaceKey({ id, connector, body, onClose }: { id: string; connector: ConnectorAnswer; body: Body; onClose: () => void }) {
  const t = useWords(words);
  const put = usePutConnection(id);
  return (
    <div className={css.asideText}>
      <h3>{t.makeKey(connector.title)}</h3>
      <KeyGuide connector={connector} />
      <KeyForm
        connector={connector}
        busy={put.isPending}
        error={put.error}
        onCancel={onClose}
        onSave={(key) =>
          put.mutate(
            { ...form(body), key },
            {
              onSuccess: () => {
                tellDone(t.keySaved);
                onClose();
              },
            },
          )
        }
      />
    </div>
  );
}

type Body = Pick<ConnectionBody, 'connector' | 'account' | 'since' | 'base_url' | 'enabled' | 'settings'>;

function form({ connector, account, since, base_url, enabled, settings }: Body): ConnectionBody {
  return { connector, account, since, base_url, enabled: enabled ?? true, settings };
}

function PauseButton({ id, body }: { id: string; body: Body }) {
  const t = useWords(words);
  const put = usePutConnection(id);
  return (
    <Button
      size="xs"
      loading={put.isPending}
      onClick={() =>
        put.mutate(
          { ...form(body), enabled: !body.enabled },
          { onSuccess: () => tellDone(body.enabled ? t.paused : t.resumed), onError: tellProblem },
        )
      }
    >
      {body.enabled ? t.pause : t.resume}
    </Button>
  );
}

function RemoveButton({ id }: { id: string }) {
  const t = useWords(words);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [asked, setAsked] = useState(false);
  const remove = useMutation({
    mutationFn: () => ask(api.DELETE('/api/v1/connections/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      tellDone(t.removed);
      void queries.invalidateQueries({ queryKey: ['sources'] });
      void navigate('/connections');
    },
  });
  return (
    <>
      <Button size="xs" variant="subtle" color="crit" onClick={() => setAsked(true)}>
        {t.remove}
      </Button>
      <ConfirmWithReason opened={asked} title={t.removeTitle(id)} verb={t.remove} danger reason="none" busy={remove.isPending} onConfirm={() => remove.mutate()} onClose={() => setAsked(false)}>
        {t.removeText}
      </ConfirmWithReason>
    </>
  );
}

/** The venue is asked when somebody wants to know: rights are never remembered from yesterday. */
function KeyRights({ id }: { id: string }) {
  const t = useWords(words);
  const check = useMutation({
    mutationFn: () => ask(api.POST('/api/v1/connections/{id}/check', { params: { path: { id } } })),
  });
  const found = check.data?.check;
  return (
    <div className={css.rightsPanel}>
      <header>
        <h3>{t.whatMay}</h3>
        <span className="grow" />
        {found && found.trade === 'no' && found.withdraw === 'no' ? (
          <Badge tone="ok" icon="check">
            {t.readOnly}
          </Badge>
        ) : null}
        <Button size="xs" onClick={() => check.mutate()} loading={check.isPending}>
          {t.checkKey}
        </Button>
      </header>
      {found ? <Rights check={found} notes={check.data?.notes ?? []} /> : null}
    </div>
  );
}

export function Rights({ check, notes }: { check: KeyCheckAnswer; notes: readonly string[] }) {
  const t = useWords(words);
  const right = (value: string) => t.rights[value as keyof typeof t.rights] ?? value;
  return (
    <>
      <dl className={css.facts}>
        <dt>{t.read}</dt>
        <dd>{right(check.read)}</dd>
        <dt>{t.trade}</dt>
        <dd>{right(check.trade)}</dd>
        <dt>{t.withdraw}</dt>
        <dd>{right(check.withdraw)}</dd>
        <dt>{t.clock}</dt>
        <dd className="num">{t.clockOffset(show(check.clock_offset_seconds, 3, { signed: true }))}</dd>
        {check.account_types.length > 0 ? (
          <>
            <dt>{t.accountTypes}</dt>
            <dd>{check.account_types.join(', ')}</dd>
          </>
        ) : null}
      </dl>
      {notes.map((note) => (
        <p key={note} className={css.hint}>
          <Icon name="warn" size={14} className="warn" />
          {note}
        </p>
      ))}
    </>
  );
}
