// A new way to be told, and the secret of a webhook, which is shown once.
import { Checkbox, SegmentedControl, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { api, ask } from '@/api/client';
import type { ChannelBody, Event } from '@/api/schema';
import { useDraft } from '@/lib/draft';
import { useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { Dialog } from '@/ui/Dialog';
import { fieldsOf, Form } from '@/ui/Form';
import { ShownOnce } from '@/ui/ShownOnce';
import { saidOf } from '@/ui/tell';
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
  const fields = fieldsOf(add.error);
  const mail = draft.kind === 'mail';
  const own = mail && !draft.for_tenant;
  return (
    <Dialog opened onClose={onClose} title={t.addTitle}>
      <Form noValidate verb={t.addChannel} busy={add.isPending} ready={draft.events.length > 0 && draft.target.trim() !== ''} onSubmit={() => add.mutate()} onCancel={onClose}>
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
          error={fields.get('target') ?? (add.error && fields.size === 0 ? saidOf(add.error) : undefined)}
          onChange={(event) => change({ target: event.currentTarget.value })}
        />
        <EventChoice value={draft.events} onChange={(events) => change({ events })} error={fields.get('events')} />
        {manages ? <Checkbox label={t.forTenant} checked={draft.for_tenant} onChange={(event) => change({ for_tenant: event.currentTarget.checked })} /> : null}
      </Form>
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
