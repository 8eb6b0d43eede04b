// Saved views: one's own and those that colleagues share. A link to one opens it for whoever may see the fund.
import { Button, Checkbox, Menu, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask } from '@/api/client';
import type { ViewAnswer } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { Badge } from '@/ui/Badge';
import { Dialog } from '@/ui/Dialog';
import { Form } from '@/ui/Form';
import { Icon } from '@/ui/Icon';
import { tellDone } from '@/ui/tell';
import css from './Explore.module.css';
import words from './words';

const PAGE = 'explore';

export function useViews() {
  return useQuery({ queryKey: ['views', PAGE], queryFn: () => ask(api.GET('/api/v1/views', { params: { query: { page: PAGE } } })) });
}

interface ViewsProps {
  views: readonly ViewAnswer[];
  current: string | null;
  onOpen: (view: ViewAnswer) => void;
}

export function ViewList({ views, current, onOpen }: ViewsProps) {
  const t = useWords(words);
  const can = useCan();
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: (id: string) => ask(api.DELETE('/api/v1/views/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      tellDone(t.removed);
      void queries.invalidateQueries({ queryKey: ['views'] });
    },
  });
  if (views.length === 0) return <p className={`dim ${css.noViews}`}>{t.noViews}</p>;
  return (
    <ul className={css.views}>
      {views.map((view) => (
        <li key={view.id} className={view.id === current ? css.current : undefined}>
          <button type="button" className="bare" onClick={() => onOpen(view)} aria-current={view.id === current || undefined}>
            <Icon name="pin" size={12} />
            <span>{view.name}</span>
            {view.shared ? <Badge>{t.shared}</Badge> : null}
          </button>
          {view.mine && can('view:write') ? (
            <Menu>
              <Menu.Target>
                <button type="button" className="bare" aria-label={`${t.remove}: ${view.name}`}>
                  <Icon name="more" size={14} />
                </button>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item color="crit" onClick={() => remove.mutate(view.id)}>
                  {t.remove}
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          ) : null}
        </li>
      ))}
    </ul>
  );
}

interface SaveProps {
  setting: Record<string, string>;
  view: ViewAnswer | null;
  onSaved: (view: ViewAnswer) => void;
}

export function SaveView({ setting, view, onSaved }: SaveProps) {
  const t = useWords(words);
  const can = useCan();
  const queries = useQueryClient();
  const [asked, setAsked] = useState(false);
  const [name, setName] = useState('');
  const [shared, setShared] = useState(false);
  const save = useMutation({
    mutationFn: () =>
      view?.mine && !asked
        ? ask(api.PUT('/api/v1/views/{id}', { params: { path: { id: view.id } }, body: { name: view.name, body: setting, shared: view.shared, version: view.version } }))
        : ask(api.POST('/api/v1/views', { body: { page: PAGE, name: name.trim(), body: setting, shared } })),
    onSuccess: (found) => {
      setAsked(false);
      setName('');
      tellDone(t.saved);
      void queries.invalidateQueries({ queryKey: ['views'] });
      onSaved(found);
    },
  });
  if (!can('view:write')) return null;
  return (
    <>
      {view?.mine ? (
        <Button onClick={() => save.mutate()} loading={save.isPending && !asked}>
          {t.saveChange}
        </Button>
      ) : null}
      <Button variant="filled" onClick={() => setAsked(true)}>
        {t.saveView}
      </Button>
      <Dialog opened={asked} onClose={() => setAsked(false)} title={t.saveView}>
        <Form verb={t.save} busy={save.isPending} ready={name.trim() !== ''} onSubmit={() => save.mutate()} onCancel={() => setAsked(false)}>
          <TextInput label={t.viewName} value={name} onChange={(event) => setName(event.currentTarget.value)} maxLength={200} data-autofocus />
          <Checkbox label={t.shareIt} checked={shared} onChange={(event) => setShared(event.currentTarget.checked)} />
        </Form>
      </Dialog>
    </>
  );
}
