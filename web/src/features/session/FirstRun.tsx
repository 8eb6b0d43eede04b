// A new installation: the organisation and its first administrator, with the token that the console printed.
import { PasswordInput, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask } from '@/api/client';
import { useWords } from '@/lib/i18n';
import { queries } from '@/lib/queries';
import { session } from '@/lib/session';
import { fieldsOf, Form } from '@/ui/Form';
import { Card } from './Card';
import words from './words';

const EMPTY = { token: '', organisation: '', tenant: '', name: '', id: '', email: '', password: '' };
type Field = keyof typeof EMPTY;

const COMPLETE: Partial<Record<Field, string>> = { email: 'username', password: 'new-password', token: 'off', name: 'name', organisation: 'organization' };

export function FirstRun() {
  const t = useWords(words);
  const [form, setForm] = useState(() => ({ ...EMPTY, token: takeToken() }));
  const setUp = useMutation({
    mutationFn: () => ask(api.POST('/api/v1/setup', { body: form })),
    meta: { quiet: true },
    onSuccess: (answer) => {
      queries.clear();
      session.begin(answer.me);
    },
  });
  const fields = fieldsOf(setUp.error);
  const change = (field: Field, value: string) => setForm((old) => ({ ...old, ...suggested(old, field, value), [field]: value }));
  const input = (field: Field) => ({
    label: t.first[field],
    description: t.firstHints[field],
    required: true,
    withAsterisk: false,
    autoComplete: COMPLETE[field] ?? 'off',
    value: form[field],
    error: fields.get(field),
    onChange: (event: { currentTarget: { value: string } }) => change(field, event.currentTarget.value),
  });
  return (
    <Card title={t.firstTitle} hint={t.firstHint}>
      <Form verb={t.firstGo} wide busy={setUp.isPending} error={setUp.error} onSubmit={() => setUp.mutate()}>
        <TextInput {...input('token')} autoFocus />
        <TextInput {...input('organisation')} />
        <TextInput {...input('tenant')} />
        <TextInput {...input('name')} />
        <TextInput {...input('id')} />
        <TextInput {...input('email')} type="email" />
        <PasswordInput {...input('password')} />
      </Form>
    </Card>
  );
}

/** The console prints a link that holds the token behind its sign; it is taken out of the address at once. */
function takeToken(): string {
  if (location.pathname !== '/setup' || location.hash.length < 2) return '';
  const token = location.hash.slice(1);
  history.replaceState(null, '', '/');
  return token;
}

/** Short names follow the long ones until somebody types their own. */
function suggested(form: typeof EMPTY, field: Field, value: string): Partial<typeof EMPTY> {
  if (field === 'organisation' && form.tenant === slug(form.organisation)) return { tenant: slug(value) };
  if (field === 'name' && form.id === slug(form.name.split(' ')[0] ?? '')) return { id: slug(value.split(' ')[0] ?? '') };
  return {};
}

function slug(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
}
