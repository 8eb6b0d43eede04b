// A new colleague: who, which roles, and the link that is shown once.
import { Checkbox, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask } from '@/api/client';
import type { NewLink } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { queries } from '@/lib/queries';
import { useMe } from '@/lib/session';
import { full } from '@/lib/time';
import { Dialog } from '@/ui/Dialog';
import { fieldsOf, Form } from '@/ui/Form';
import { ShownOnce } from '@/ui/ShownOnce';
import { useRoles } from './data';
import words from './words';

const EMPTY = { id: '', name: '', email: '', roles: [] as string[] };

export function Invite({ onClose }: { onClose: () => void }) {
  const t = useWords(words);
  const [form, setForm] = useState(EMPTY);
  const invite = useMutation({
    mutationFn: () => ask(api.POST('/api/v1/invitations', { body: form })),
    meta: { quiet: true },
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['users'] }),
  });
  if (invite.data) return <LinkToHandOver link={invite.data} onClose={onClose} />;
  const fields = fieldsOf(invite.error);
  const field = (name: 'id' | 'name' | 'email') => ({
    label: t[name],
    required: true,
    withAsterisk: false,
    value: form[name],
    error: fields.get(name),
    onChange: (event: { currentTarget: { value: string } }) => setForm({ ...form, [name]: event.currentTarget.value }),
  });
  return (
    <Dialog opened onClose={onClose} title={t.inviteTitle}>
      <Form verb={t.invite} busy={invite.isPending} ready={form.roles.length > 0} error={invite.error} onSubmit={() => invite.mutate()} onCancel={onClose}>
        <p className="ink2">{t.inviteHint}</p>
        <TextInput {...field('name')} data-autofocus />
        <TextInput {...field('email')} type="email" />
        <TextInput {...field('id')} description={t.idHint} />
        <RoleChoice value={form.roles} onChange={(roles) => setForm({ ...form, roles })} />
      </Form>
    </Dialog>
  );
}

export function RoleChoice({ value, onChange, disabled }: { value: readonly string[]; onChange: (roles: string[]) => void; disabled?: boolean }) {
  const t = useWords(words);
  const language = useLanguage();
  const found = useRoles();
  const tenant = useMe().tenant;
  const roles = (found.data?.roles ?? []).filter((role) => role.id !== 'host' || tenant === 'installation');
  return (
    <Checkbox.Group label={t.roles} value={[...value]} onChange={onChange} readOnly={disabled}>
      <Stack gap={8} mt={6}>
        {roles.map((role) => (
          <Checkbox key={role.id} value={role.id} disabled={disabled} label={role.name[language]} description={role.description[language]} />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}

export function LinkToHandOver({ link, onClose }: { link: NewLink; onClose: () => void }) {
  const t = useWords(words);
  return <ShownOnce title={t.linkTitle} hint={t.linkHint(full(link.expires_at))} text={new URL(link.path, location.origin).toString()} onClose={onClose} />;
}
