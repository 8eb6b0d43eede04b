// The log-in: a page for who arrives, the same form over the page for whose session has ended.
import { Alert, Button, Modal, PasswordInput, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask } from '@/api/client';
import type { FactorNeeded, LoggedIn } from '@/api/schema';
import { chooseLanguage, useLanguage, useWords } from '@/lib/i18n';
import { queries } from '@/lib/queries';
import { type Asked, session, useSession } from '@/lib/session';
import { Mark } from '@/ui/Icon';
import css from './LogIn.module.css';
import words from './words';

export function LogIn() {
  const t = useWords(words);
  const language = useLanguage();
  return (
    <main className={css.page}>
      <div className={css.card}>
        <header className={css.head}>
          <Mark size={36} />
          <button type="button" className="link" onClick={() => chooseLanguage(language === 'en' ? 'zh' : 'en')}>
            {language === 'en' ? '中文' : 'English'}
          </button>
        </header>
        <h1>{t.title}</h1>
        <p className="ink2">{t.promise}</p>
        <LogInForm />
      </div>
    </main>
  );
}

export function LogInOverPage({ why }: { why: Asked }) {
  const t = useWords(words);
  const found = useSession();
  const user = found.kind === 'in' ? found.me.id : undefined;
  return (
    <Modal
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
    </Modal>
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
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        logIn.mutate();
      }}
    >
      <TextInput label={t.email} type="email" autoComplete="username" required value={email} onChange={(event) => setEmail(event.currentTarget.value)} data-autofocus autoFocus withAsterisk={false} />
      <PasswordInput label={t.password} autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.currentTarget.value)} withAsterisk={false} />
      <Refusal error={logIn.error} />
      <Button type="submit" variant="filled" fullWidth loading={logIn.isPending}>
        {t.logIn}
      </Button>
    </form>
  );
}

function CodeForm({ step, onDone, onBack }: { step: FactorNeeded; onDone: (answer: LoggedIn) => void; onBack: () => void }) {
  const t = useWords(words);
  const [code, setCode] = useState('');
  const give = useMutation({
    mutationFn: () => ask(api.POST('/api/v1/login/code', { body: { ticket: step.ticket, code } })),
    meta: { quiet: true },
    onSuccess: onDone,
  });
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        give.mutate();
      }}
    >
      <TextInput label={t.code} description={t.codeHint} autoComplete="one-time-code" required value={code} onChange={(event) => setCode(event.currentTarget.value)} data-autofocus autoFocus withAsterisk={false} />
      <Refusal error={give.error} />
      <Button type="submit" variant="filled" fullWidth loading={give.isPending}>
        {t.logIn}
      </Button>
      <button type="button" className="link" onClick={onBack}>
        {t.back}
      </button>
    </form>
  );
}

function Refusal({ error }: { error: Error | null }) {
  const t = useWords(words);
  if (!error) return null;
  return (
    <Alert color="crit" variant="light" title={t.refused} role="alert">
      {error.message}
    </Alert>
  );
}
