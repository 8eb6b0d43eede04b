import { Button, NumberInput, TextInput, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Problem, api, ask } from '@/api/client';
import type { PricingPolicyDefinition } from '@/api/schema';
import { useDraft } from '@/lib/draft';
import { useWords } from '@/lib/i18n';
import { Drawer } from '@/ui/Drawer';
import { Form, Verbs } from '@/ui/Form';
import { saidOf, tellDone } from '@/ui/tell';
import css from './Pricing.module.css';
import { sourcesOf, textOf, type Rule } from './policy';
import words from './words';

interface Typed {
  rule: Rule;
  sources: string;
}

export function PolicyEditor({ policy, onClose }: { policy: PricingPolicyDefinition | null; onClose: () => void }) {
  const t = useWords(words);
  return (
    <Drawer opened={policy !== null} title={policy ? t.editTitle(policy.id) : ''} onClose={onClose}>
      {policy ? <Editor key={policy.version} policy={policy} onClose={onClose} /> : null}
    </Drawer>
  );
}

const FRESH: Rule = { applies_to: '', waterfall: [], stale_after_seconds: 900, unusable_after_seconds: 86_400, last_weight: '1', clamp: '0', index: null };

function Editor({ policy, onClose }: { policy: PricingPolicyDefinition; onClose: () => void }) {
  const t = useWords(words);
  const queries = useQueryClient();
  const first = { rules: policy.body.rules.map((rule): Typed => ({ rule, sources: textOf(rule.waterfall) })) };
  const [draft, change, forget] = useDraft(`policy.${policy.id}.${policy.version}`, first);
  const [tried, setTried] = useState(false);
  const parsed = draft.rules.map((one) => sourcesOf(one.sources));
  const good = draft.rules.every((one, place) => one.rule.applies_to.trim() !== '' && typeof parsed[place] !== 'number');
  const save = useMutation({
    meta: { quiet: true },
    mutationFn: () =>
      ask(
        api.PUT('/api/v1/pricing-policies/{id}', {
          params: { path: { id: policy.id } },
          headers: { 'If-Match': `"v${policy.version}"` },
          body: { ...policy.body, rules: draft.rules.map((one, place) => ({ ...one.rule, waterfall: [...(parsed[place] as Rule['waterfall'])] })) },
        }),
      ),
    onSuccess: () => {
      forget();
      tellDone(t.savedPolicy);
      void queries.invalidateQueries({ queryKey: ['policies'] });
      onClose();
    },
  });
  const edit = (place: number, part: Partial<Rule>, sources?: string) =>
    change({ rules: draft.rules.map((one, index) => (index === place ? { rule: { ...one.rule, ...part }, sources: sources ?? one.sources } : one)) });
  const move = (place: number, by: -1 | 1) => {
    const rules = [...draft.rules];
    const [one] = rules.splice(place, 1);
    if (one) rules.splice(place + by, 0, one);
    change({ rules });
  };
  const meanwhile = save.error instanceof Problem && save.error.status === 412;
  const refusal = save.error && (meanwhile ? t.changedMeanwhile : saidOf(save.error)); // a rule's field has no place of its own
  return (
    <Form
      noValidate
      verb={t.savePolicy}
      busy={save.isPending}
      error={refusal}
      onCancel={onClose}
      also={
        <Button variant="subtle" onClick={forget}>
          {t.discard}
        </Button>
      }
      onSubmit={() => {
        setTried(true);
        if (good) save.mutate();
      }}
    >
      <p className="ink2">{t.editHint}</p>
      {draft.rules.map((one, place) => {
        const bad = parsed[place];
        return (
          <fieldset key={place} className={css.rule}>
            <TextInput label={`${place + 1}. ${t.rule}`} value={one.rule.applies_to} onChange={(event) => edit(place, { applies_to: event.currentTarget.value.trim() })} error={tried && !one.rule.applies_to ? t.required : undefined} />
            <Textarea label={t.sources} classNames={{ input: 'mono' }} autosize minRows={2} value={one.sources} onChange={(event) => edit(place, {}, event.currentTarget.value)} error={tried && typeof bad === 'number' ? t.badSource(bad) : undefined} />
            <div className={css.two}>
              <NumberInput label={`${t.staleAfter}, ${t.seconds}`} min={0} allowDecimal={false} value={one.rule.stale_after_seconds} onChange={(value) => edit(place, { stale_after_seconds: Number(value) })} />
              <NumberInput label={`${t.unusableAfter}, ${t.seconds}`} min={0} allowDecimal={false} value={one.rule.unusable_after_seconds} onChange={(value) => edit(place, { unusable_after_seconds: Number(value) })} />
            </div>
            <Verbs>
              <Button size="xs" disabled={place === 0} onClick={() => move(place, -1)}>
                {t.moveUp}
              </Button>
              <Button size="xs" disabled={place === draft.rules.length - 1} onClick={() => move(place, 1)}>
                {t.moveDown}
              </Button>
              <Button size="xs" variant="subtle" color="crit" onClick={() => change({ rules: draft.rules.filter((_, index) => index !== place) })}>
                {t.removeRule}
              </Button>
            </Verbs>
          </fieldset>
        );
      })}
      <Button onClick={() => change({ rules: [...draft.rules, { rule: FRESH, sources: '' }] })}>{t.addRule}</Button>
    </Form>
  );
}
