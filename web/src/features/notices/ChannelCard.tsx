// One channel: what it tells, a test, and the way out.
import { Button, Group, Switch } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask } from '@/api/client';
import type { ChannelAnswer } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { ConfirmWithReason } from '@/ui/ConfirmWithReason';
import { tellDone } from '@/ui/tell';
import { EventChoice } from './AddChannel';
import { chosenEvents, refresh } from './data';
import css from './Notices.module.css';
import words from './words';

export function ChannelCard({ channel, onGone }: { channel: ChannelAnswer; onGone: () => void }) {
  const t = useWords(words);
  const can = useCan()('notice:write');
  const [events, setEvents] = useState(chosenEvents(channel.events));
  const [enabled, setEnabled] = useState(channel.enabled);
  const [leaving, setLeaving] = useState(false);
  const params = { path: { id: channel.id } };
  const save = useMutation({
    mutationFn: () => ask(api.PUT('/api/v1/notices/channels/{id}', { params, body: { events, enabled } })),
    onSuccess: () => {
      tellDone(t.saved);
      refresh();
    },
  });
  const test = useMutation({
    mutationFn: () => ask(api.POST('/api/v1/notices/channels/{id}/test', { params })),
    onSuccess: () => {
      tellDone(t.testSent);
      refresh();
    },
  });
  const remove = useMutation({
    mutationFn: () => ask(api.DELETE('/api/v1/notices/channels/{id}', { params })),
    onSuccess: () => {
      onGone();
      refresh();
    },
  });
  const changed = enabled !== channel.enabled || events.join() !== chosenEvents(channel.events).join();
  return (
    <div className={css.card}>
      <p className="dim">
        {t.kinds[channel.kind]} · {channel.for_tenant ? t.tenants : t.mine} · <span className="mono">{channel.id}</span>
      </p>
      <Switch label={t.enabled} checked={enabled} disabled={!can} onChange={(event) => setEnabled(event.currentTarget.checked)} />
      <EventChoice value={events} onChange={setEvents} disabled={!can} />
      {can ? (
        <Group gap="xs">
          <Button size="xs" variant="filled" disabled={!changed || events.length === 0} loading={save.isPending} onClick={() => save.mutate()}>
            {t.save}
          </Button>
          <Button size="xs" loading={test.isPending} onClick={() => test.mutate()}>
            {t.test}
          </Button>
          <Button size="xs" variant="subtle" color="crit" onClick={() => setLeaving(true)}>
            {t.remove}
          </Button>
        </Group>
      ) : null}
      <ConfirmWithReason
        opened={leaving}
        title={t.removeTitle(channel.target)}
        verb={t.remove}
        danger
        reason="none"
        busy={remove.isPending}
        onConfirm={() => remove.mutate()}
        onClose={() => setLeaving(false)}
      >
        {t.removeHint}
      </ConfirmWithReason>
    </div>
  );
}
