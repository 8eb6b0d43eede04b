// Open a new run: live, or for a past instant from what was recorded.
import { Radio, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { api, ask } from '@/api/client';
import { useWords } from '@/lib/i18n';
import { keep, kept } from '@/lib/keep';
import { useFunds } from '@/lib/view';
import { Dialog } from '@/ui/Dialog';
import { fieldsOf, Form } from '@/ui/Form';
import { saidOf } from '@/ui/tell';
import words from './words';

const DRAFT = 'draft.strike';

export function StrikeDialog({ opened, fund, onClose }: { opened: boolean; fund: string | null; onClose: () => void }) {
  const t = useWords(words);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const name = useFunds().find((one) => one.id === fund)?.body.name ?? fund ?? '';
  const [text, setText] = useState(kept(DRAFT) ?? '');
  const [past, setPast] = useState(text !== '');
  const type = (value: string) => {
    setText(value);
    keep(DRAFT, value);
  };
  const strike = useMutation({
    meta: { quiet: true },
    mutationFn: () =>
      ask(api.POST('/api/v1/nav/runs', { body: { fund: fund ?? '', as_of: past ? `${text}${text.length === 16 ? ':00' : ''}Z` : null } })),
    onSuccess: ({ run }) => {
      keep(DRAFT, '');
      void queries.invalidateQueries({ queryKey: ['nav'] });
      void navigate(`/nav/${encodeURIComponent(run.id)}`);
    },
  });
  const atField = fieldsOf(strike.error).get('as_of') ?? (past && strike.error ? saidOf(strike.error) : undefined);
  return (
    <Dialog opened={opened} onClose={onClose} title={`${t.strike} · ${name}`}>
      <Form verb={t.strike} busy={strike.isPending} ready={fund !== null && (!past || text !== '')} error={past ? null : strike.error} onSubmit={() => strike.mutate()} onCancel={onClose}>
        <p className="ink2">{t.strikeHint}</p>
        <Radio.Group value={past ? 'past' : 'now'} onChange={(value) => setPast(value === 'past')} aria-label={t.asOf}>
          <Stack gap="sm">
            <Radio value="now" label={t.strikeNow} description={t.strikeNowHint} />
            <Radio value="past" label={t.strikePast} description={t.strikePastHint} />
          </Stack>
        </Radio.Group>
        {past ? (
          <TextInput
            type="datetime-local"
            step={1}
            label={t.instant}
            value={text}
            onChange={(event) => type(event.currentTarget.value)}
            error={atField}
            description={text === '' ? t.instantNeeded : undefined}
            data-autofocus
          />
        ) : null}
      </Form>
    </Dialog>
  );
}
