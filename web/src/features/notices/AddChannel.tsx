// A new way to be told, and the secret of a webhook, which is shown once.
import { Button, Checkbox, Group, SegmentedControl, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Problem, api, ask } from '@/api/client';
import type { ChannelBody, Event } from '@/api/schema';
import { useDraft } from '@/lib/draft';
import { useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { Dialog } from '@/ui/Dialog';
import { ShownOnce } from '@/ui/ShownOnce';
import { EVENTS, refresh } from './data';
import css from './Notices.module.css';
import words from './words';

const FRESH: ChannelBody = { kind: 'mail', target: '', events: [...EVENTS], for_tenant: false };

export function AddChannel({ onClose }: { onClose: () => void }) {
  const t = useWords(words);
  const manages = useCan()('notice:manage');
  const [draft, change, forget] = useDraft('notices.channel', FRESH);
  const add = useMutation({
    mutationFn: () => ask(api.POST('/api/v1/notices/channels', { body: draft })),
    meta: { quiet: true },
    onSuccess: (made) => {
      forget();
      refresh();
      if (!made.secret) onClose();
    },
  });
  if (add.data?.secret) return <ShownOnce title={t.secretTitle} hint={t.secretHint} text={add.data.secret} onClose={onClose} />;
  const fields = add.error instanceof Problem ? add.error.fields : new Map<string, string>();
  const mail = draft.kind === 'mail';
  const own = mail && !draft.for_tenant;
  return (
    <Dialog opened onClose={onClose} title={t.addTitle}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate();
        }}
      >
        <Stack gap="sm">
          <SegmentedControl
            aria-label={t.kind}
            value={draft.kind}
            onChange={(kind) => change({ kind: kind as ChannelBody['kind'], target: '' })}
            data={(['mail', 'webhook'] as const).map((value) => ({ value, label: t.kinds[value] }))}
          />
          <TextInput
            data-autofocus
            type={mail ? 'email' : 'url'}
            label={mail ? t.mailTarget : t.webhookTarget}
            description={own ? t.mailHint : mail ? undefined : t.webhookHint}
            value={draft.target}
            // A refusal that names no field is about where it goes: the rest is chosen, not typed.
            error={fields.get('target') ?? (fields.size === 0 ? add.error?.message : undefined)}
            onChange={(event) => change({ target: event.currentTarget.value })}
          />
          <EventChoice value={draft.events} onChange={(events) => change({ events })} error={fields.get('events')} />
          {manages ? <Checkbox label={t.forTenant} checked={draft.for_tenant} onChange={(event) => change({ for_tenant: event.currentTarget.checked })} /> : null}
          <Group justify="flex-end">
            <Button type="submit" variant="filled" loading={add.isPending} disabled={draft.events.length === 0 || draft.target.trim() === ''}>
              {t.addChannel}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

export function EventChoice({ value, onChange, disabled, error }: { value: readonly Event[]; onChange: (events: Event[]) => void; disabled?: boolean; error?: string }) {
  const t = useWords(words);
  return (
    <Checkbox.Group label={t.events} value={[...value]} error={error} onChange={(events) => onChange(EVENTS.filter((one) => events.includes(one)))}>
      <div className={css.events}>
        {EVENTS.map((one) => (
          <Checkbox key={one} value={one} label={t.eventNames[one]} disabled={disabled} />
        ))}
      </div>
    </Checkbox.Group>
  );
}
