// The log-in: a page for who arrives, the same form over the page for whose session has ended.
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask } from '@/api/client';
import type { FactorNeeded, LoggedIn, Welcome } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { queries } from '@/lib/queries';
import { type Asked, session, useSession } from '@/lib/session';
import { answerChallenge, hasPasskeys } from '@/lib/passkeys';
import { Dialog } from '@/ui/Dialog';
import { Form, Refusal } from '@/ui/Form';
import { Icon } from '@/ui/Icon';
import { Card } from './Card';
import css from './LogIn.module.css';
import words from './words';

export function LogIn({ welcome }: { welcome?: Welcome }) {
  const t = useWords(words);
  return (
    <Card title={t.title} hint={t.promise}>
      <LogInForm />
      <OtherWays welcome={welcome} />
    </Card>
  );
}

/** A passkey in place of the password, or the organisation's own log-in, where they are to be had. */
function OtherWays({ welcome }: { welcome?: Welcome }) {
  const t = useWords(words);
  const passkey = useMutation({
    mutationFn: async () => {
      const { ticket, options } = await ask(api.POST('/api/v1/login/passkey/challenge'));
      return ask(api.POST('/api/v1/login/passkey', { body: { ticket, credential: await answerChallenge(options) } }));
    },
    meta: { quiet: true },
    onSuccess: (answer) => {
      queries.clear();
      session.begin(answer.me);
    },
  });
  const signOn = useMutation({
    mutationFn: (tenant: string) => ask(api.POST('/api/v1/login/single-sign-on', { body: { tenant } })),
    meta: { quiet: true },
    onSuccess: ({ url }) => location.assign(url),
  });
  const tenant = welcome?.single_sign_on ?? null;
  return (
    <div className={css.ways}>
      <Refusal error={passkey.error ?? signOn.error} />
      {welcome?.passkeys && hasPasskeys() ? (
        <Button fullWidth loading={passkey.isPending} onClick={() => passkey.mutate()} leftSection={<Icon name="key" size={14} />}>
          {t.passkey}
        </Button>
      ) : null}
      {tenant !== null ? (
        <Button fullWidth loading={signOn.isPending} onClick={() => signOn.mutate(tenant)} leftSection={<Icon name="external" size={14} />}>
          {t.signOn}
        </Button>
      ) : null}
    </div>
  );
}

export function LogInOverPage({ why }: { why: Asked }) {
  const t = useWords(words);
  const found = useSession();
  const user = found.kind === 'in' ? found.me.id : undefined;
  return (
    <Dialog
      opened={why !== null}
      onClose={session.giveUp}
      withCloseButton={why === 'stale'}
      closeOnEscape={why === 'stale'}
      closeOnClickOutside={false}
      title={why === 'stale' ? t.confirm : t.again}
      zIndex={1000}
    >
      <p className="ink2">{why === 'stale' ? t.confirmHint : t.againHint}</p>
      <LogInForm user={user} />
    </Dialog>
  );
}

/** `user` whose page is open: somebody else must not go on with it, so another log-in loads the page anew. */
function LogInForm({ user }: { user?: string }) {
  const [step, setStep] = useState<FactorNeeded | null>(null);
  const enter = (answer: LoggedIn | FactorNeeded) => {
    if (answer.step === 'factor') {
      setStep(answer);
    } else if (user !== undefined && answer.me.id !== user) {
      location.reload();
    } else {
      if (user === undefined) queries.clear();
      session.begin(answer.me);
    }
  };
  return step ? <CodeForm step={step} onDone={enter} onBack={() => setStep(null)} /> : <PasswordForm onDone={enter} />;
}

function PasswordForm({ onDone }: { onDone: (answer: LoggedIn | FactorNeeded) => void }) {
  const t = useWords(words);
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const logIn = useMutation({
    mutationFn: () => ask(api.POST('/api/v1/login', { body: { email, password } })),
    meta: { quiet: true },
    onSuccess: onDone,
  });
  return (
    <Form verb={t.logIn} wide busy={logIn.isPending} error={logIn.error} onSubmit={() => logIn.mutate()}>
      <TextInput label={t.email} type="email" autoComplete="username" required value={email} onChange={(event) => setEmail(event.currentTarget.value)} data-autofocus autoFocus withAsterisk={false} />
      <PasswordInput label={t.password} autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.currentTarget.value)} withAsterisk={false} />
    </Form>
  );
}

export function CodeForm({ step, onDone, onBack }: { step: FactorNeeded; onDone: (answer: LoggedIn) => void; onBack: () => void }) {
  const t = useWords(words);
  const [code, setCode] = useState('');
  const give = useMutation({
    mutationFn: () => ask(api.POST('/api/v1/login/code', { body: { ticket: step.ticket, code } })),
    meta: { quiet: true },
    onSuccess: onDone,
  });
  return (
    <Form
      verb={t.logIn}
      wide
      busy={give.isPending}
      error={give.error}
      onSubmit={() => give.mutate()}
      also={
        <button type="button" className="link" onClick={onBack}>
          {t.back}
        </button>
      }
    >
      <TextInput label={t.code} description={t.codeHint} autoComplete="one-time-code" required value={code} onChange={(event) => setCode(event.currentTarget.value)} data-autofocus autoFocus withAsterisk={false} />
    </Form>
  );
}
