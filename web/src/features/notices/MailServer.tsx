// Where mails are handed in. The password goes in and never comes back.
import { NumberInput, PasswordInput, Select, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Problem, api, ask } from '@/api/client';
import type { MailServerAnswer, MailServerBody } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { fieldsOf, Form } from '@/ui/Form';
import { Panel } from '@/ui/Panel';
import { Shown } from '@/ui/States';
import { tellDone } from '@/ui/tell';
import { refresh } from './data';
import css from './Notices.module.css';
import words from './words';

const FRESH: MailServerAnswer = { host: '', port: 465, security: 'tls', sender: '', user: '' };

export function MailServer() {
  const t = useWords(words);
  const server = useQuery({ queryKey: ['notices', 'mail-server'], queryFn: readServer });
  return (
    <Panel title={t.mailServer} padded>
      <Shown of={server} rows={4}>
        {({ present }) => (
          <div className={css.form}>
            {present ? null : <p className="ink2">{t.noMailServer}</p>}
            <ServerForm server={present ?? FRESH} />
          </div>
        )}
      </Shown>
    </Panel>
  );
}

/** No mail server is an answer, not a failure. */
async function readServer(): Promise<{ present: MailServerAnswer | null }> {
  try {
    return { present: await ask(api.GET('/api/v1/notices/mail-server')) };
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return { present: null };
    throw error;
  }
}

function ServerForm({ server }: { server: MailServerAnswer }) {
  const t = useWords(words);
  const [form, setForm] = useState<MailServerBody>({ ...server, password: '' });
  const save = useMutation({
    mutationFn: () => ask(api.PUT('/api/v1/notices/mail-server', { body: form })),
    meta: { quiet: true },
    onSuccess: () => {
      tellDone(t.saved);
      setForm((old) => ({ ...old, password: '' }));
      refresh();
    },
  });
  const fields = fieldsOf(save.error);
  const text = (name: 'host' | 'sender' | 'user') => ({
    label: t[name],
    value: form[name],
    error: fields.get(name),
    onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [name]: event.currentTarget.value }),
  });
  return (
    <Form noValidate verb={t.save} busy={save.isPending} ready={form.host !== '' && form.sender !== ''} error={save.error} onSubmit={() => save.mutate()}>
      <div className={css.pair}>
        <TextInput {...text('host')} />
        <NumberInput label={t.port} min={1} max={65_535} allowDecimal={false} hideControls value={form.port} error={fields.get('port')} onChange={(port) => setForm({ ...form, port: Number(port) })} />
      </div>
      <Select
        label={t.security}
        allowDeselect={false}
        value={form.security}
        onChange={(security) => setForm({ ...form, security: security as MailServerBody['security'] })}
        data={(['tls', 'starttls', 'none'] as const).map((value) => ({ value, label: t.securities[value] }))}
      />
      <TextInput {...text('sender')} type="email" />
      <TextInput {...text('user')} description={t.userHint} autoComplete="off" />
      <PasswordInput
        label={t.password}
        description={t.passwordHint}
        autoComplete="new-password"
        value={form.password}
        error={fields.get('password')}
        onChange={(event) => setForm({ ...form, password: event.currentTarget.value })}
      />
    </Form>
  );
}
