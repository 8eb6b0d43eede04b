// One account: roles, scope, sessions, and the keys to the door.
import { Button, MultiSelect, Radio, Stack, Textarea } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask } from '@/api/client';
import type { NewLink, ScopeAnswer, UserAnswer } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { queries } from '@/lib/queries';
import { useMe } from '@/lib/session';
import { moment } from '@/lib/time';
import { ConfirmWithReason } from '@/ui/ConfirmWithReason';
import { Verbs } from '@/ui/Form';
import { Shown } from '@/ui/States';
import { tellDone } from '@/ui/tell';
import { LinkToHandOver, RoleChoice } from './Invite';
import { useNodes } from './data';
import css from './Users.module.css';
import words from './words';

export function UserCard({ user }: { user: UserAnswer }) {
  const can = useCan()('user:write');
  const own = useMe().id === user.id;
  return (
    <div className={css.card}>
      <Rights user={user} editable={can && !own} own={own} />
      <Reach user={user} editable={can && !own} />
      {can ? <Sessions user={user} /> : null}
      {can && !own ? <Door user={user} /> : null}
    </div>
  );
}

function Rights({ user, editable, own }: { user: UserAnswer; editable: boolean; own: boolean }) {
  const t = useWords(words);
  const [roles, setRoles] = useState<readonly string[]>(user.roles);
  const save = useMutation({
    mutationFn: () => ask(api.PATCH('/api/v1/users/{user_id}', { params: { path: { user_id: user.id } }, body: { roles: [...roles] } })),
    onSuccess: () => {
      tellDone(t.saved);
      void queries.invalidateQueries({ queryKey: ['users'] });
    },
  });
  const changed = [...roles].sort().join() !== [...user.roles].sort().join();
  return (
    <section>
      <p className="dim">
        {user.email} · <span className="mono">{user.id}</span>
      </p>
      {own ? <p className="ink2">{t.own}</p> : null}
      <RoleChoice value={roles} onChange={setRoles} disabled={!editable} />
      {editable ? (
        <Verbs>
          <Button size="xs" disabled={!changed || roles.length === 0} loading={save.isPending} onClick={() => save.mutate()}>
            {t.save}
          </Button>
        </Verbs>
      ) : null}
    </section>
  );
}

function Reach({ user, editable }: { user: UserAnswer; editable: boolean }) {
  const t = useWords(words);
  const scope = useQuery({
    queryKey: ['users', user.id, 'scope'],
    queryFn: () => ask(api.GET('/api/v1/users/{user_id}/scope', { params: { path: { user_id: user.id } } })),
  });
  return (
    <section>
      <h3>{t.scope}</h3>
      <Shown of={scope} rows={2}>
        {(found) => <ScopeForm key={JSON.stringify(found)} user={user} scope={found} editable={editable} />}
      </Shown>
    </section>
  );
}

function ScopeForm({ user, scope, editable }: { user: UserAnswer; scope: ScopeAnswer; editable: boolean }) {
  const t = useWords(words);
  const nodes = useNodes().data?.items ?? [];
  const [chosen, setChosen] = useState<readonly string[] | null>(scope.nodes);
  const [investors, setInvestors] = useState(scope.investors.join('\n'));
  const save = useMutation({
    mutationFn: () =>
      ask(
        api.PUT('/api/v1/users/{user_id}/scope', {
          params: { path: { user_id: user.id } },
          body: { nodes: chosen === null ? null : [...chosen], investors: investors.split('\n').map((line) => line.trim()).filter(Boolean) },
        }),
      ),
    onSuccess: () => {
      tellDone(t.saved);
      void queries.invalidateQueries({ queryKey: ['users', user.id, 'scope'] });
    },
  });
  return (
    <Stack gap="xs">
      <Radio.Group aria-label={t.scope} value={chosen === null ? 'all' : 'some'} onChange={(value) => setChosen(value === 'all' ? null : [])}>
        <Stack gap={8}>
          <Radio value="all" label={t.scopeAll} disabled={!editable} />
          <Radio value="some" label={t.scopeNodes} disabled={!editable} />
        </Stack>
      </Radio.Group>
      {chosen === null ? null : (
        <MultiSelect
          aria-label={t.scopeNodes}
          searchable
          disabled={!editable}
          value={[...chosen]}
          onChange={setChosen}
          data={nodes.map((node) => ({ value: node.body.id, label: node.body.name }))}
        />
      )}
      {user.roles.includes('investor') || investors !== '' ? (
        <Textarea label={t.scopeInvestors} description={t.scopeInvestorsHint} autosize minRows={2} readOnly={!editable} value={investors} onChange={(event) => setInvestors(event.currentTarget.value)} />
      ) : null}
      {editable ? (
        <Verbs>
          <Button size="xs" loading={save.isPending} onClick={() => save.mutate()}>
            {t.saveScope}
          </Button>
        </Verbs>
      ) : null}
    </Stack>
  );
}

function Sessions({ user }: { user: UserAnswer }) {
  const t = useWords(words);
  const language = useLanguage();
  const key = ['users', user.id, 'sessions'];
  const path = { user_id: user.id };
  const sessions = useQuery({ queryKey: key, queryFn: () => ask(api.GET('/api/v1/users/{user_id}/sessions', { params: { path } })) });
  const end = useMutation({
    mutationFn: () => ask(api.DELETE('/api/v1/users/{user_id}/sessions', { params: { path } })),
    onSuccess: () => void queries.invalidateQueries({ queryKey: key }),
  });
  return (
    <section>
      <h3>{t.sessions}</h3>
      <Shown of={sessions} rows={2}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="dim">{t.noSessions}</p>
          ) : (
            <>
              <ul className={css.sessions}>
                {items.map((one) => (
                  <li key={one.id}>
                    {one.device} <span className="dim">{t.lastSeen(moment(one.last_seen_at, language))}</span>
                  </li>
                ))}
              </ul>
              <Button size="xs" loading={end.isPending} onClick={() => end.mutate()}>
                {t.endAll}
              </Button>
            </>
          )
        }
      </Shown>
    </section>
  );
}

function Door({ user }: { user: UserAnswer }) {
  const t = useWords(words);
  const [asked, setAsked] = useState<'disable' | 'reset' | null>(null);
  const [link, setLink] = useState<NewLink | null>(null);
  const path = { user_id: user.id };
  const refresh = () => {
    setAsked(null);
    void queries.invalidateQueries({ queryKey: ['users'] });
  };
  const turn = useMutation({
    mutationFn: (disabled: boolean) => ask(api.PATCH('/api/v1/users/{user_id}', { params: { path }, body: { disabled } })),
    onSuccess: refresh,
  });
  const reset = useMutation({ mutationFn: () => ask(api.POST('/api/v1/users/{user_id}/reset-factors', { params: { path } })), onSuccess: refresh });
  const makeLink = useMutation({ mutationFn: () => ask(api.POST('/api/v1/users/{user_id}/password-link', { params: { path } })), onSuccess: setLink });
  const confirm = asked === 'disable' ? { title: t.disableTitle(user.name), verb: t.disable, hint: t.disableHint } : { title: t.resetTitle(user.name), verb: t.resetFactors, hint: t.resetHint };
  return (
    <section>
      <Verbs>
        <Button size="xs" loading={makeLink.isPending} onClick={() => makeLink.mutate()}>
          {t.newLink}
        </Button>
        <Button size="xs" onClick={() => setAsked('reset')}>
          {t.resetFactors}
        </Button>
        {user.disabled_at === null ? (
          <Button size="xs" color="crit" onClick={() => setAsked('disable')}>
            {t.disable}
          </Button>
        ) : (
          <Button size="xs" loading={turn.isPending} onClick={() => turn.mutate(false)}>
            {t.enable}
          </Button>
        )}
      </Verbs>
      <ConfirmWithReason
        opened={asked !== null}
        title={confirm.title}
        verb={confirm.verb}
        danger
        reason="none"
        busy={turn.isPending || reset.isPending}
        onConfirm={() => (asked === 'disable' ? turn.mutate(true) : reset.mutate())}
        onClose={() => setAsked(null)}
      >
        {confirm.hint}
      </ConfirmWithReason>
      {link ? <LinkToHandOver link={link} onClose={() => setLink(null)} /> : null}
    </section>
  );
}
