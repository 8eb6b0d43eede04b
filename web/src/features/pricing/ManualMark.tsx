// A mark that a person states: with a reason, and a second look where it lies far from the present one.
import { Alert, TextInput, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask } from '@/api/client';
import type { MarkRow } from '@/api/schema';
import { divide, isDecimal, show, shift, sign, subtract } from '@/lib/decimal';
import { useDraft } from '@/lib/draft';
import { useWords } from '@/lib/i18n';
import { Drawer } from '@/ui/Drawer';
import { Figure } from '@/ui/Figure';
import { fieldsOf, Form } from '@/ui/Form';
import { tellDone } from '@/ui/tell';
import words from './words';

const USD = 'iso4217:USD';
const FAR_PERCENT = 10;

const nowText = (): string => new Date().toISOString().slice(0, 16);

export function ManualMark({ mark, onClose }: { mark: MarkRow | null; onClose: () => void }) {
  const t = useWords(words);
  return (
    <Drawer opened={mark !== null} title={mark ? t.manualTitle(mark.symbol) : ''} onClose={onClose}>
      {mark ? <MarkForm key={`${mark.subject} ${mark.venue}`} mark={mark} onClose={onClose} /> : null}
    </Drawer>
  );
}

function MarkForm({ mark, onClose }: { mark: MarkRow; onClose: () => void }) {
  const t = useWords(words);
  const queries = useQueryClient();
  const [draft, change, forget] = useDraft(`mark.${mark.subject}`, { price: '', at: nowText(), reason: '' });
  const [tried, setTried] = useState(false);
  const at = new Date(`${draft.at}Z`);
  const good = isDecimal(draft.price) && sign(draft.price) > 0;
  const passed = !Number.isNaN(at.getTime()) && at.getTime() <= Date.now() + 60_000;
  const enter = useMutation({
    meta: { quiet: true },
    mutationFn: () =>
      ask(
        api.POST('/api/v1/entries', {
          body: {
            body: { is: 'quote', base: mark.subject, quote: USD, kind: 'manual', price: draft.price, volume: null, reason: draft.reason.trim() },
            occurred_at: at.toISOString(),
            reason: draft.reason.trim(),
          },
        }),
      ),
    onSuccess: () => {
      forget();
      tellDone(t.saved);
      void queries.invalidateQueries({ queryKey: ['marks'] });
      onClose();
    },
  });
  const fields = fieldsOf(enter.error);
  const moved = good && mark.price_usd && sign(mark.price_usd) > 0 ? shift(divide(subtract(draft.price, mark.price_usd), mark.price_usd, 6) ?? '0', 2) : null;
  const far = moved !== null && Math.abs(Number(moved)) > FAR_PERCENT;
  return (
    <Form
      noValidate
      verb={t.save}
      busy={enter.isPending}
      error={enter.error}
      onCancel={onClose}
      onSubmit={() => {
        setTried(true);
        if (good && passed && draft.reason.trim()) enter.mutate();
      }}
    >
      <p className="ink2">{t.manualHint}</p>
      <p>
        <Figure value={mark.price_usd} places={4} unit="USD" reason={mark.note} /> <span className="dim">{mark.source}</span>
      </p>
      <TextInput label={t.markPrice('USD')} inputMode="decimal" value={draft.price} onChange={(event) => change({ price: event.currentTarget.value.trim() })} error={tried && !good ? t.badPrice : fields.get('body.price')} data-autofocus />
      {far ? (
        <Alert color="crit" variant="light">
          {t.far(show(moved, 1, { signed: true }))}
        </Alert>
      ) : null}
      <TextInput type="datetime-local" label={t.markAt} value={draft.at} onChange={(event) => change({ at: event.currentTarget.value })} error={tried && !passed ? t.badTime : fields.get('occurred_at')} />
      <Textarea label={t.reason} description={t.reasonHint} autosize minRows={3} maxLength={2000} value={draft.reason} onChange={(event) => change({ reason: event.currentTarget.value })} error={tried && !draft.reason.trim() ? t.required : fields.get('reason')} />
    </Form>
  );
}
