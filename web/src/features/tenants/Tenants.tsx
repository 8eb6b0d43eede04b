// The organisations of an installation: provisioned, suspended, exported, erased; never looked into.
import { Button, Group, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask } from '@/api/client';
import type { TenantAnswer } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { queries } from '@/lib/queries';
import { day, full } from '@/lib/time';
import { Badge } from '@/ui/Badge';
import { ConfirmWithReason } from '@/ui/ConfirmWithReason';
import { type Column, DataTable } from '@/ui/DataTable';
import { Dialog } from '@/ui/Dialog';
import { fieldsOf, Form, Verbs } from '@/ui/Form';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { ShownOnce, Verbatim } from '@/ui/ShownOnce';
import { Empty, Shown } from '@/ui/States';
import { saidOf } from '@/ui/tell';
import words from './words';

const KEY = ['tenants'];
const INSTALLATION = 'installation'; // the hosts' own: nothing of it can be stopped or taken away
const refresh = () => void queries.invalidateQueries({ queryKey: KEY });

export default function Tenants() {
  const t = useWords(words);
  const can = useCan()('tenant:write');
  const [adding, setAdding] = useState(false);
  const tenants = useQuery({ queryKey: KEY, queryFn: () => ask(api.GET('/api/v1/tenants')) });
  return (
    <Panel
      title={t.title}
      sub={tenants.data ? String(tenants.data.length) : undefined}
      tools={
        can ? (
          <Button size="xs" variant="filled" onClick={() => setAdding(true)} leftSection={<Icon name="plus" size={13} />}>
            {t.add}
          </Button>
        ) : null
      }
    >
      <Shown of={tenants}>{(found) => <Rows tenants={found} />}</Shown>
      {adding ? <Provision onClose={() => setAdding(false)} /> : null}
    </Panel>
  );
}

function Rows({ tenants }: { tenants: readonly TenantAnswer[] }) {
  const t = useWords(words);
  const language = useLanguage();
  const columns: readonly Column<TenantAnswer>[] = [
    { id: 'name', header: t.name, sortBy: (row) => row.name, card: 'title', cell: (row) => row.name },
    { id: 'id', header: t.id, card: 'note', cell: (row) => <span className="mono">{row.id}</span> },
    { id: 'since', header: t.since, sortBy: (row) => row.created_at, cell: (row) => <span className="num">{day(row.created_at, language)}</span> },
    {
      id: 'state',
      header: t.state,
      card: 'aside',
      cell: (row) => (row.suspended_at === null ? <Badge tone="ok">{t.active}</Badge> : <Badge tone="warn">{t.suspended(day(row.suspended_at, language))}</Badge>),
    },
    { id: 'do', header: '', align: 'right', cell: (row) => (row.id === INSTALLATION ? null : <Steps tenant={row} />) },
  ];
  return <DataTable label={t.title} columns={columns} rows={tenants} rowKey={(row) => row.id} empty={<Empty icon="tenant" title={t.none} />} />;
}

function Steps({ tenant }: { tenant: TenantAnswer }) {
  const t = useWords(words);
  const [asked, setAsked] = useState<'suspend' | 'erase' | null>(null);
  const path = { id: tenant.id };
  const done = () => {
    setAsked(null);
    refresh();
  };
  const suspend = useMutation({ mutationFn: () => ask(api.POST('/api/v1/tenants/{id}/suspend', { params: { path } })), onSuccess: done });
  const resume = useMutation({ mutationFn: () => ask(api.POST('/api/v1/tenants/{id}/resume', { params: { path } })), onSuccess: done });
  return (
    <Group gap={4} justify="flex-end" wrap="nowrap">
      {tenant.suspended_at === null ? (
        <Button size="compact-xs" variant="subtle" onClick={() => setAsked('suspend')}>
          {t.suspend}
        </Button>
      ) : (
        <Button size="compact-xs" variant="subtle" loading={resume.isPending} onClick={() => resume.mutate()}>
          {t.resume}
        </Button>
      )}
      <Button size="compact-xs" variant="subtle" component="a" href={`/api/v1/tenants/${encodeURIComponent(tenant.id)}/export`} download>
        {t.export}
      </Button>
      {tenant.suspended_at === null ? null : (
        <Button size="compact-xs" variant="subtle" color="crit" onClick={() => setAsked('erase')}>
          {t.erase}
        </Button>
      )}
      <ConfirmWithReason opened={asked === 'suspend'} title={t.suspendTitle(tenant.name)} verb={t.suspend} danger reason="none" busy={suspend.isPending} onConfirm={() => suspend.mutate()} onClose={() => setAsked(null)}>
        {t.suspendHint}
      </ConfirmWithReason>
      {asked === 'erase' ? <Erase tenant={tenant} onClose={done} /> : null}
    </Group>
  );
}

function Erase({ tenant, onClose }: { tenant: TenantAnswer; onClose: () => void }) {
  const t = useWords(words);
  const [typed, setTyped] = useState('');
  const erase = useMutation({
    mutationFn: () => ask(api.POST('/api/v1/tenants/{id}/erase', { params: { path: { id: tenant.id } }, body: { confirm: typed } })),
    meta: { quiet: true },
  });
  return (
    <Dialog opened onClose={onClose} title={erase.data ? t.erased : t.eraseTitle(tenant.name)}>
      {erase.data ? (
        <>
          <Verbatim>{JSON.stringify(erase.data, null, 2)}</Verbatim>
          <Verbs>
            <Button onClick={onClose}>{t.close}</Button>
          </Verbs>
        </>
      ) : (
        <Form verb={t.erase} danger busy={erase.isPending} ready={typed === tenant.id} onSubmit={() => erase.mutate()} onCancel={onClose}>
          <p className="ink2">{t.eraseHint(tenant.id)}</p>
          <TextInput aria-label={t.id} data-autofocus value={typed} error={erase.error ? saidOf(erase.error) : undefined} onChange={(event) => setTyped(event.currentTarget.value)} />
        </Form>
      )}
    </Dialog>
  );
}

const EMPTY = { id: '', name: '', administrator: '', email: '' };

function Provision({ onClose }: { onClose: () => void }) {
  const t = useWords(words);
  const [form, setForm] = useState(EMPTY);
  const make = useMutation({ mutationFn: () => ask(api.POST('/api/v1/tenants', { body: form })), meta: { quiet: true }, onSuccess: refresh });
  if (make.data) return <ShownOnce title={t.linkTitle} hint={t.linkHint(full(make.data.expires_at))} text={new URL(make.data.path, location.origin).toString()} onClose={onClose} />;
  const fields = fieldsOf(make.error);
  return (
    <Dialog opened onClose={onClose} title={t.addTitle}>
      <Form verb={t.add} busy={make.isPending} error={make.error} onSubmit={() => make.mutate()} onCancel={onClose}>
        {(['name', 'id', 'administrator', 'email'] as const).map((field) => (
          <TextInput key={field} label={t[field]} type={field === 'email' ? 'email' : 'text'} required withAsterisk={false} value={form[field]} error={fields.get(field)} onChange={(event) => setForm({ ...form, [field]: event.currentTarget.value })} />
        ))}
      </Form>
    </Dialog>
  );
}
