// Behind a link that an administrator handed over: an invitation, or a new password.
import { Button, PasswordInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Problem, api, ask } from '@/api/client';
import type { FactorNeeded } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { queries } from '@/lib/queries';
import { session } from '@/lib/session';
import { Loading } from '@/ui/States';
import { Card } from './Card';
import { CodeForm, Refusal } from './LogIn';
import css from './LogIn.module.css';
import words from './words';

export function HandedOver({ ticket }: { ticket: string }) {
  const t = useWords(words);
  const [password, setPassword] = useState('');
  const [step, setStep] = useState<FactorNeeded | null>(null);
  const link = useQuery({ queryKey: ['link'], queryFn: () => ask(api.POST('/api/v1/login/link/look', { body: { ticket } })), retry: false, meta: { quiet: true } });
  const use = useMutation({
    mutationFn: () => ask(api.POST('/api/v1/login/link', { body: { ticket, password } })),
    meta: { quiet: true },
    onSuccess: (answer) => {
      if (answer.step === 'factor') return setStep(answer);
      queries.clear();
      session.begin(answer.me);
    },
  });
  if (link.isPending) return <Loading />;
  if (link.error) {
    const used = link.error instanceof Problem && link.error.status === 401; // the card says so itself
    return (
      <Card title={t.linkDead} hint={t.linkDeadHint}>
        {used ? null : <Refusal error={link.error} />}
        <a className={`link ${css.onward}`} href="/">
          {t.title}
        </a>
      </Card>
    );
  }
  const wrong = use.error instanceof Problem ? use.error.fields.get('password') : undefined;
  return (
    <Card title={t.linkTitle(link.data.name)} hint={`${link.data.email} · ${link.data.tenant}`}>
      {step ? (
        <CodeForm step={step} onDone={(answer) => session.begin(answer.me)} onBack={() => setStep(null)} />
      ) : (
        <form
          className={css.form}
          onSubmit={(event) => {
            event.preventDefault();
            use.mutate();
          }}
        >
          <PasswordInput
            label={t.newPassword}
            description={t.newPasswordHint}
            autoComplete="new-password"
            autoFocus
            required
            withAsterisk={false}
            value={password}
            error={wrong}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          {wrong === undefined ? <Refusal error={use.error} /> : null}
          <Button type="submit" variant="filled" fullWidth loading={use.isPending}>
            {t.linkGo}
          </Button>
        </form>
      )}
    </Card>
  );
}
