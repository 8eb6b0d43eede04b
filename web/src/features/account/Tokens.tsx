import { Button, MultiSelect, NumberInput, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask } from '@/api/client';
import type { TokenAnswer } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { queries } from '@/lib/queries';
import { useMe } from '@/lib/session';
import { day } from '@/lib/time';
import { Badge } from '@/ui/Badge';
import { type Column, DataTable } from '@/ui/DataTable';
import { Dialog } from '@/ui/Dialog';
import { fieldsOf, Form } from '@/ui/Form';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { ShownOnce } from '@/ui/ShownOnce';
import { Empty, Shown } from '@/ui/States';
import words from './words';

const KEY = ['me', 'tokens'];
const DAY_MS = 86_400_000;

export function Tokens() {
  const t = useWords(words);
  const [adding, setAdding] = useState(false);
  const tokens = useQuery({ queryKey: KEY, queryFn: () => ask(api.GET('/api/v1/tokens', { params: { query: { limit: 500 } } })) });
  const revoke = useMutation({
    mutationFn: (id: string) => ask(api.DELETE('/api/v1/tokens/{token_id}', { params: { path: { token_id: id } } })),
    onSuccess: () => void queries.invalidateQueries({ queryKey: KEY }),
  });
  return (
    <Panel
      title={t.tokens}
      sub={t.tokensHint}
      tools={
        <Button size="xs" onClick={() => setAdding(true)} leftSection={<Icon name="plus" size={13} />}>
          {t.newToken}
        </Button>
      }
    >
      <Shown of={tokens} rows={3}>
        {({ items }) => <Made tokens={items} onRevoke={(id) => revoke.mutate(id)} />}
      </Shown>
      {adding ? <NewTokenForm onClose={() => setAdding(false)} /> : null}
    </Panel>
  );
}

function Made({ tokens, onRevoke }: { tokens: readonly TokenAnswer[]; onRevoke: (id: string) => void }) {
  const t = useWords(words);
  const language = useLanguage();
  const columns: readonly Column<TokenAnswer>[] = [
    { id: 'name', header: t.name, card: 'title', cell: (row) => row.name },
    { id: 'scopes', header: t.scopes, cell: (row) => <span className="mono">{row.scopes.join(' ')}</span> },
    { id: 'made', header: t.made, cell: (row) => <span className="num">{day(row.created_at, language)}</span> },
    { id: 'expires', header: t.expires, cell: (row) => <span className="num">{row.expires_at === null ? t.never : day(row.expires_at, language)}</span> },
    {
      id: 'revoke',
      header: '',
      align: 'right',
      card: 'value',
      cell: (row) =>
        row.revoked_at === null ? (
          <Button size="compact-xs" variant="subtle" onClick={() => onRevoke(row.id)}>
            {t.revoke}
          </Button>
        ) : (
          <Badge>{t.revoked}</Badge>
        ),
    },
  ];
  return <DataTable label={t.tokens} columns={columns} rows={tokens} rowKey={(row) => row.id} empty={<Empty icon="key" title={t.noTokens}>{t.noTokensHint}</Empty>} />;
}

function NewTokenForm({ onClose }: { onClose: () => void }) {
  const t = useWords(words);
  const { actions } = useMe();
  const [form, setForm] = useState<{ name: string; scopes: string[]; days: number }>({ name: '', scopes: [], days: 90 });
  const make = useMutation({
    mutationFn: () =>
      ask(api.POST('/api/v1/tokens', { body: { name: form.name, scopes: form.scopes, expires_at: new Date(Date.now() + form.days * DAY_MS).toISOString() } })),
    meta: { quiet: true },
    onSuccess: () => void queries.invalidateQueries({ queryKey: KEY }),
  });
  const fields = fieldsOf(make.error);
  if (make.data) return <ShownOnce title={t.tokenTitle} hint={t.tokenHint} text={make.data.secret} onClose={onClose} />;
  return (
    <Dialog opened onClose={onClose} title={t.newToken}>
      <Form verb={t.newToken} busy={make.isPending} ready={form.scopes.length > 0} error={make.error} onSubmit={() => make.mutate()} onCancel={onClose}>
        <TextInput label={t.name} required withAsterisk={false} data-autofocus value={form.name} error={fields.get('name')} onChange={(event) => setForm({ ...form, name: event.currentTarget.value })} />
        <MultiSelect label={t.scopes} searchable data={[...actions]} value={form.scopes} error={fields.get('scopes')} onChange={(scopes) => setForm({ ...form, scopes })} />
        <NumberInput label={t.days} min={1} max={366} allowDecimal={false} value={form.days} error={fields.get('expires_at')} onChange={(value) => setForm({ ...form, days: Math.max(1, Number(value) || 1) })} />
      </Form>
    </Dialog>
  );
}
