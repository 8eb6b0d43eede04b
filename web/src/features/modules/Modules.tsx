// Each capability, on or off for the whole tenant.
import { Switch } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask } from '@/api/client';
import type { ModuleAnswer } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { queries } from '@/lib/queries';
import { session } from '@/lib/session';
import { ConfirmWithReason } from '@/ui/ConfirmWithReason';
import { Panel } from '@/ui/Panel';
import { Shown } from '@/ui/States';
import { tellDone } from '@/ui/tell';
import css from './Modules.module.css';
import words from './words';

export default function Modules() {
  const t = useWords(words);
  const modules = useQuery({ queryKey: ['modules'], queryFn: () => ask(api.GET('/api/v1/modules')) });
  const all = modules.data ?? [];
  return (
    <Panel title={t.title} sub={t.sub(all.filter((one) => one.enabled).length, all.length)} className={css.panel}>
      <Shown of={modules} rows={8}>
        {(found) => <Switches modules={found} />}
      </Shown>
    </Panel>
  );
}

function Switches({ modules }: { modules: readonly ModuleAnswer[] }) {
  const t = useWords(words);
  const language = useLanguage();
  const [asked, setAsked] = useState<ModuleAnswer | null>(null);
  const turn = useMutation({
    mutationFn: (next: { id: string; enabled: boolean }) => ask(api.PUT('/api/v1/modules', { body: { switches: { [next.id]: next.enabled } } })),
    onSuccess: async (found, next) => {
      queries.setQueryData(['modules'], found);
      session.begin(await ask(api.GET('/api/v1/me'))); // the menu follows what is on
      const module = found.find((one) => one.id === next.id);
      if (module) tellDone(t.done(module[language], module.enabled));
      setAsked(null);
    },
  });
  return (
    <>
      <ul className={css.list}>
        {modules.map((module) => (
          <li key={module.id} className={css.row}>
            <Switch
              checked={module.enabled}
              label={module[language]}
              disabled={turn.isPending}
              onChange={(event) => (event.currentTarget.checked ? turn.mutate({ id: module.id, enabled: true }) : setAsked(module))}
            />
            <span className="dim">{module.enabled ? t.on : t.off}</span>
          </li>
        ))}
      </ul>
      <ConfirmWithReason
        opened={asked !== null}
        title={t.offTitle(asked?.[language] ?? '')}
        verb={t.switchOff}
        danger
        reason="none"
        busy={turn.isPending}
        onConfirm={() => asked && turn.mutate({ id: asked.id, enabled: false })}
        onClose={() => setAsked(null)}
      >
        {t.offHint}
      </ConfirmWithReason>
    </>
  );
}
