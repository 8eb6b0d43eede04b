// Everybody with an account; beside them what one may do, see and is logged in with.
import { Button } from '@mantine/core';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import type { UserAnswer } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { day } from '@/lib/time';
import { Badge } from '@/ui/Badge';
import { type Column, DataTable } from '@/ui/DataTable';
import { Drawer } from '@/ui/Drawer';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { Shown } from '@/ui/States';
import { Invite } from './Invite';
import { UserCard } from './UserCard';
import { useRoles, useUsers } from './data';
import css from './Users.module.css';
import words from './words';

export default function Users() {
  const t = useWords(words);
  const can = useCan();
  const users = useUsers();
  const [params, setParams] = useSearchParams();
  const [inviting, setInviting] = useState(false);
  const chosen = users.data?.find((one) => one.id === params.get('user'));
  const open = (id: string | null) => setParams(id === null ? {} : { user: id }, { replace: true });
  return (
    <>
      <Panel
        title={t.title}
        sub={users.data ? String(users.data.length) : undefined}
        tools={
          <>
            {can('role:read') ? (
              <Button size="xs" variant="subtle" component={Link} to="/users/roles">
                {t.rolesLink}
              </Button>
            ) : null}
            {can('user:write') ? (
              <Button size="xs" variant="filled" onClick={() => setInviting(true)} leftSection={<Icon name="plus" size={13} />}>
                {t.invite}
              </Button>
            ) : null}
          </>
        }
      >
        <Shown of={users}>{(found) => <People users={found} selected={chosen?.id ?? null} onOpen={open} />}</Shown>
      </Panel>
      <Drawer opened={chosen !== undefined} title={chosen?.name ?? ''} onClose={() => open(null)}>
        {chosen ? <UserCard key={chosen.id} user={chosen} /> : null}
      </Drawer>
      {inviting ? <Invite onClose={() => setInviting(false)} /> : null}
    </>
  );
}

function People({ users, selected, onOpen }: { users: readonly UserAnswer[]; selected: string | null; onOpen: (id: string) => void }) {
  const t = useWords(words);
  const language = useLanguage();
  const roles = useRoles(useCan()('role:read')).data?.roles ?? [];
  const roleName = (id: string) => roles.find((role) => role.id === id)?.name[language] ?? id;
  const columns: readonly Column<UserAnswer>[] = [
    { id: 'name', header: t.name, sortBy: (row) => row.name, card: 'title', cell: (row) => row.name },
    { id: 'email', header: t.email, sortBy: (row) => row.email, card: 'note', cell: (row) => row.email },
    {
      id: 'roles',
      header: t.roles,
      cell: (row) => (
        <span className={css.badges}>
          {row.roles.map((role) => (
            <Badge key={role}>{roleName(role)}</Badge>
          ))}
        </span>
      ),
    },
    { id: 'id', header: t.id, card: 'none', cell: (row) => <span className="mono">{row.id}</span> },
    { id: 'since', header: t.since, sortBy: (row) => row.created_at, cell: (row) => <span className="num">{day(row.created_at, language)}</span> },
    {
      id: 'state',
      header: t.state,
      card: 'aside',
      cell: (row) => (row.disabled_at === null ? <Badge tone="ok">{t.active}</Badge> : <Badge>{t.disabled}</Badge>),
    },
  ];
  return <DataTable label={t.title} columns={columns} rows={users} rowKey={(row) => row.id} selected={selected} onOpen={(row) => onOpen(row.id)} />;
}
