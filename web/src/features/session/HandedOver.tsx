// Behind a link that an administrator handed over: an invitation, or a new password.
import { PasswordInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Problem, api, ask } from '@/api/client';
import type { FactorNeeded } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { queries } from '@/lib/queries';
import { session } from '@/lib/session';
import { fieldsOf, Form, Refusal } from '@/ui/Form';
import { Loading } from '@/ui/States';
import { Card } from './Card';
import { CodeForm } from './LogIn';
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
  return (
    <Card title={t.linkTitle(link.data.name)} hint={`${link.data.email} · ${link.data.tenant}`}>
      {step ? (
        <CodeForm step={step} onDone={(answer) => session.begin(answer.me)} onBack={() => setStep(null)} />
      ) : (
        <Form verb={t.linkGo} wide busy={use.isPending} error={use.error} onSubmit={() => use.mutate()}>
          <PasswordInput
            label={t.newPassword}
            description={t.newPasswordHint}
            autoComplete="new-password"
            autoFocus
            required
            withAsterisk={false}
            value={password}
            error={fieldsOf(use.error).get('password')}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
        </Form>
      )}
    </Card>
  );
}
