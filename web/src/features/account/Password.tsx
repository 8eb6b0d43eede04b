import { Button, Group, PasswordInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Problem, api, ask } from '@/api/client';
import { useWords } from '@/lib/i18n';
import { Panel } from '@/ui/Panel';
import { saidOf, tellDone } from '@/ui/tell';
import css from './Account.module.css';
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
  const fields = change.error instanceof Problem ? change.error.fields : new Map<string, string>();
  const elsewhere = change.error && fields.size === 0 ? saidOf(change.error) : undefined;
  return (
    <Panel title={t.password} padded>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <PasswordInput label={t.present} autoComplete="current-password" required withAsterisk={false} value={form.present} error={fields.get('present')} onChange={(event) => setForm({ ...form, present: event.currentTarget.value })} />
        <PasswordInput label={t.fresh} description={t.freshHint} autoComplete="new-password" required withAsterisk={false} value={form.new} error={fields.get('new') ?? elsewhere} onChange={(event) => setForm({ ...form, new: event.currentTarget.value })} />
        <Group justify="flex-end">
          <Button type="submit" loading={change.isPending} disabled={form.present === '' || form.new === ''}>
            {t.change}
          </Button>
        </Group>
      </form>
    </Panel>
  );
}
