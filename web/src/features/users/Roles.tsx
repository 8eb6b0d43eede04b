// Every role in plain words, what it hides, and the table who may do what; roles of the tenant's own are made here.
import { Button, Group, MultiSelect, TextInput, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask } from '@/api/client';
import type { RoleAnswer, RolesAnswer } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { queries } from '@/lib/queries';
import { Badge } from '@/ui/Badge';
import { type Column, DataTable } from '@/ui/DataTable';
import { Dialog } from '@/ui/Dialog';
import { fieldsOf, Form } from '@/ui/Form';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { Shown } from '@/ui/States';
import { useNodes, useRoles } from './data';
import css from './Users.module.css';
import words from './words';

export default function Roles() {
  const t = useWords(words);
  const can = useCan()('role:write');
  const roles = useRoles();
  const [edited, setEdited] = useState<RoleAnswer | 'new' | null>(null);
  return (
    <div className={css.page}>
      <Panel
        title={t.rolesTitle}
        tools={
          can ? (
            <Button size="xs" variant="filled" onClick={() => setEdited('new')} leftSection={<Icon name="plus" size={13} />}>
              {t.newRole}
            </Button>
          ) : null
        }
      >
        <Shown of={roles}>{(found) => <InPlainWords roles={found} onEdit={can ? setEdited : undefined} />}</Shown>
      </Panel>
      <Panel title={t.matrix}>
        <Shown of={roles} rows={20}>
          {(found) => <Matrix roles={found} />}
        </Shown>
      </Panel>
      {edited !== null && roles.data ? <RoleForm known={roles.data} role={edited === 'new' ? null : edited} onClose={() => setEdited(null)} /> : null}
    </div>
  );
}

function InPlainWords({ roles, onEdit }: { roles: RolesAnswer; onEdit?: (role: RoleAnswer) => void }) {
  const t = useWords(words);
  const language = useLanguage();
  const maskName = (id: string) => roles.masks.find((mask) => mask.id === id)?.[language] ?? id;
  return (
    <div className={css.words}>
      {roles.roles.map((role) => (
        <article key={role.id} className={css.role}>
          <h3>
            {role.name[language]}
            {role.custom ? <Badge>{t.custom}</Badge> : null}
          </h3>
          <p className="ink2">{role.description[language]}</p>
          <p className="dim">{role.masks.length === 0 ? t.hidesNothing : `${t.hidden}: ${role.masks.map(maskName).join(language === 'zh' ? '；' : '; ')}`}</p>
          {role.custom && onEdit ? (
            <Group>
              <Button size="xs" onClick={() => onEdit(role)}>
                {t.editRole}
              </Button>
            </Group>
          ) : null}
        </article>
      ))}
    </div>
  );
}

function Matrix({ roles }: { roles: RolesAnswer }) {
  const t = useWords(words);
  const language = useLanguage();
  type Row = RolesAnswer['actions'][number];
  const columns: readonly Column<Row>[] = [
    { id: 'right', header: t.right, card: 'title', cell: (row) => row[language] },
    ...roles.roles.map((role) => ({
      id: role.id,
      header: role.name[language],
      cell: (row: Row) => (role.actions.includes(row.id) ? <span role="img" aria-label={t.yes}><Icon name="check" size={13} /></span> : null),
    })),
  ];
  return <DataTable label={t.matrix} columns={columns} rows={roles.actions} rowKey={(row) => row.id} />;
}

function RoleForm({ known, role, onClose }: { known: RolesAnswer; role: RoleAnswer | null; onClose: () => void }) {
  const t = useWords(words);
  const language = useLanguage();
  const nodes = useNodes().data?.items ?? [];
  const [id, setId] = useState(role?.id ?? '');
  const [form, setForm] = useState({
    name: role?.name.en ?? '',
    description: role?.description.en ?? '',
    actions: role?.actions ?? [],
    masks: role?.masks ?? [],
    nodes: role?.nodes ?? null,
  });
  const done = () => {
    void queries.invalidateQueries({ queryKey: ['roles'] });
    onClose();
  };
  const save = useMutation({ mutationFn: () => ask(api.PUT('/api/v1/roles/{id}', { params: { path: { id } }, body: form })), meta: { quiet: true }, onSuccess: done });
  const remove = useMutation({ mutationFn: () => ask(api.DELETE('/api/v1/roles/{id}', { params: { path: { id } } })), onSuccess: done });
  const fields = fieldsOf(save.error);
  const choices = (list: RolesAnswer['actions']) => list.map((one) => ({ value: one.id, label: one[language] }));
  return (
    <Dialog opened onClose={onClose} size="lg" title={role ? t.editRole : t.newRole}>
      <Form
        verb={t.saveRole}
        busy={save.isPending}
        error={save.error}
        onSubmit={() => save.mutate()}
        onCancel={onClose}
        also={
          role ? (
            <Button variant="subtle" color="crit" title={t.deleteHint} loading={remove.isPending} onClick={() => remove.mutate()}>
              {t.deleteRole}
            </Button>
          ) : null
        }
      >
        <TextInput label={t.roleId} required withAsterisk={false} disabled={role !== null} value={id} error={fields.get('id')} onChange={(event) => setId(event.currentTarget.value)} />
        <TextInput label={t.roleName} required withAsterisk={false} value={form.name} error={fields.get('name')} onChange={(event) => setForm({ ...form, name: event.currentTarget.value })} />
        <Textarea label={t.roleWords} value={form.description} error={fields.get('description')} onChange={(event) => setForm({ ...form, description: event.currentTarget.value })} />
        <MultiSelect label={t.roleActions} searchable data={choices(known.actions)} value={form.actions} error={fields.get('actions')} onChange={(actions) => setForm({ ...form, actions })} />
        <MultiSelect label={t.roleMasks} data={choices(known.masks)} value={form.masks} error={fields.get('masks')} onChange={(masks) => setForm({ ...form, masks })} />
        <MultiSelect
          label={t.scopeNodes}
          placeholder={form.nodes === null ? t.everywhere : undefined}
          searchable
          data={nodes.map((node) => ({ value: node.body.id, label: node.body.name }))}
          value={form.nodes ?? []}
          error={fields.get('nodes')}
          onChange={(chosen) => setForm({ ...form, nodes: chosen.length === 0 ? null : chosen })}
        />
      </Form>
    </Dialog>
  );
}
