// Hosts of the organisation's own network that webhooks may reach.
import { ActionIcon, Button, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Problem, api, ask } from '@/api/client';
import { useWords } from '@/lib/i18n';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { Shown } from '@/ui/States';
import { saidOf } from '@/ui/tell';
import { refresh } from './data';
import css from './Notices.module.css';
import words from './words';

export function Hosts() {
  const t = useWords(words);
  const hosts = useQuery({ queryKey: ['notices', 'hosts'], queryFn: () => ask(api.GET('/api/v1/notices/hosts')) });
  const forbid = useMutation({
    mutationFn: (host: string) => ask(api.DELETE('/api/v1/notices/hosts/{host}', { params: { path: { host } } })),
    onSuccess: refresh,
  });
  return (
    <Panel title={t.hosts} padded>
      <div className={css.form}>
        <p className="ink2">{t.hostsHint}</p>
        <Shown of={hosts} rows={2}>
          {(found) =>
            found.length === 0 ? (
              <p className="dim">{t.noHosts}</p>
            ) : (
              <ul className={css.hosts}>
                {found.map((host) => (
                  <li key={host}>
                    <span className="mono">{host}</span>
                    <ActionIcon variant="subtle" size="sm" aria-label={t.forbid(host)} loading={forbid.isPending && forbid.variables === host} onClick={() => forbid.mutate(host)}>
                      <Icon name="close" size={12} />
                    </ActionIcon>
                  </li>
                ))}
              </ul>
            )
          }
        </Shown>
        <NewHost />
      </div>
    </Panel>
  );
}

function NewHost() {
  const t = useWords(words);
  const [host, setHost] = useState('');
  const allow = useMutation({
    mutationFn: () => ask(api.POST('/api/v1/notices/hosts', { body: { host: host.trim().toLowerCase() } })),
    meta: { quiet: true },
    onSuccess: () => {
      setHost('');
      refresh();
    },
  });
  const problem = allow.error instanceof Problem ? (allow.error.fields.get('host') ?? saidOf(allow.error)) : undefined;
  return (
    <form
      className={css.pair}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        allow.mutate();
      }}
    >
      <TextInput aria-label={t.newHost} placeholder={t.newHost} value={host} error={problem} onChange={(event) => setHost(event.currentTarget.value)} />
      <Button type="submit" loading={allow.isPending} disabled={host.trim() === ''}>
        {t.allow}
      </Button>
    </form>
  );
}
