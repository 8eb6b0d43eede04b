import { PasswordInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask } from '@/api/client';
import { useWords } from '@/lib/i18n';
import { fieldsOf, Form } from '@/ui/Form';
import { Panel } from '@/ui/Panel';
import { tellDone } from '@/ui/tell';
import words from './words';

const EMPTY = { present: '', new: '' };

export function Password() {
  const t = useWords(words);
  const [form, setForm] = useState(EMPTY);
  const change = useMutation({
    mutationFn: () => ask(api.POST('/api/v1/me/password', { body: form })),
    meta: { quiet: true },
    onSuccess: () => {
      setForm(EMPTY);
      tellDone(t.changed);
    },
  });
  const fields = fieldsOf(change.error);
  return (
    <Panel title={t.password} padded>
      <Form verb={t.change} busy={change.isPending} ready={form.present !== '' && form.new !== ''} error={change.error} onSubmit={() => change.mutate()}>
        <PasswordInput label={t.present} autoComplete="current-password" required withAsterisk={false} value={form.present} error={fields.get('present')} onChange={(event) => setForm({ ...form, present: event.currentTarget.value })} />
        <PasswordInput label={t.fresh} description={t.freshHint} autoComplete="new-password" required withAsterisk={false} value={form.new} error={fields.get('new')} onChange={(event) => setForm({ ...form, new: event.currentTarget.value })} />
      </Form>
    </Panel>
  );
}
