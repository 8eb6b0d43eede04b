import { Button, Group, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { renderSVG } from 'uqr';
import { api, ask } from '@/api/client';
import type { FactorAnswer, NewGeneratorAnswer, Security } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { hasPasskeys, makePasskey } from '@/lib/passkeys';
import { queries } from '@/lib/queries';
import { moment } from '@/lib/time';
import { Badge } from '@/ui/Badge';
import { ConfirmWithReason } from '@/ui/ConfirmWithReason';
import { Dialog } from '@/ui/Dialog';
import { Form, Verbs } from '@/ui/Form';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { Verbatim } from '@/ui/ShownOnce';
import { Shown } from '@/ui/States';
import { saidOf } from '@/ui/tell';
import css from './Account.module.css';
import words from './words';

const KEY = ['me', 'security'];

export function Factors() {
  const t = useWords(words);
  const security = useQuery({ queryKey: KEY, queryFn: () => ask(api.GET('/api/v1/me/security')) });
  return (
    <Panel title={t.factors} sub={t.factorsHint} padded>
      <Shown of={security} rows={3}>
        {(found) => <Held security={found} />}
      </Shown>
    </Panel>
  );
}

function Held({ security }: { security: Security }) {
  const t = useWords(words);
  const [adding, setAdding] = useState<'totp' | 'passkey' | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const done = (fresh: readonly string[]) => {
    setAdding(null);
    if (fresh.length > 0) setCodes(fresh);
    void queries.invalidateQueries({ queryKey: KEY });
  };
  const renew = useMutation({ mutationFn: () => ask(api.POST('/api/v1/me/recovery-codes')), onSuccess: (answer) => done(answer.codes) });
  return (
    <>
      {security.factor_required && security.factors.length === 0 ? (
        <Badge tone="warn" icon="warn">
          {t.factorNeeded}
        </Badge>
      ) : null}
      {security.factors.length === 0 ? (
        <p className="ink2">{t.noFactors}</p>
      ) : (
        <ul className={css.list}>
          {security.factors.map((factor) => (
            <Factor key={factor.id} factor={factor} onGone={() => done([])} />
          ))}
          <li>
            <span className="grow">{t.codesLeft(security.recovery_codes)}</span>
            <Button size="xs" variant="subtle" title={t.newCodesHint} loading={renew.isPending} onClick={() => renew.mutate()}>
              {t.newCodes}
            </Button>
          </li>
        </ul>
      )}
      <Group gap="xs" className={css.add}>
        {hasPasskeys() ? (
          <Button size="xs" onClick={() => setAdding('passkey')} leftSection={<Icon name="key" size={13} />}>
            {t.addPasskey}
          </Button>
        ) : null}
        <Button size="xs" onClick={() => setAdding('totp')} leftSection={<Icon name="plus" size={13} />}>
          {t.addGenerator}
        </Button>
      </Group>
      {adding === 'totp' ? <NewGenerator onDone={done} onClose={() => setAdding(null)} /> : null}
      {adding === 'passkey' ? <NewPasskey onDone={done} onClose={() => setAdding(null)} /> : null}
      {codes ? <Codes codes={codes} onClose={() => setCodes(null)} /> : null}
    </>
  );
}

function Factor({ factor, onGone }: { factor: FactorAnswer; onGone: () => void }) {
  const t = useWords(words);
  const language = useLanguage();
  const [asked, setAsked] = useState(false);
  const remove = useMutation({
    mutationFn: () => ask(api.DELETE('/api/v1/me/factors/{factor_id}', { params: { path: { factor_id: factor.id } } })),
    onSuccess: onGone,
  });
  return (
    <li>
      <Icon name={factor.kind === 'passkey' ? 'key' : 'clock'} size={14} />
      <span className="grow">
        {factor.name} <span className="dim">{t.kinds[factor.kind]} · {factor.last_used_at === null ? t.neverUsed : t.used(moment(factor.last_used_at, language))}</span>
      </span>
      <Button size="xs" variant="subtle" onClick={() => setAsked(true)}>
        {t.remove}
      </Button>
      <ConfirmWithReason opened={asked} title={t.removeTitle(factor.name)} verb={t.remove} danger reason="none" busy={remove.isPending} onConfirm={() => remove.mutate()} onClose={() => setAsked(false)}>
        {t.removeHint}
      </ConfirmWithReason>
    </li>
  );
}

interface NewFactorProps {
  onDone: (codes: readonly string[]) => void;
  onClose: () => void;
}

function NewGenerator({ onDone, onClose }: NewFactorProps) {
  const t = useWords(words);
  const [name, setName] = useState('');
  const begin = useMutation({ mutationFn: () => ask(api.POST('/api/v1/me/factors/totp', { body: { name } })), meta: { quiet: true } });
  return (
    <Dialog opened onClose={onClose} title={t.addGenerator}>
      {begin.data ? (
        <Scan made={begin.data} onDone={onDone} onClose={onClose} />
      ) : (
        <NameForm name={name} onName={setName} verb={t.next} busy={begin.isPending} error={begin.error} onSubmit={() => begin.mutate()} onClose={onClose} />
      )}
    </Dialog>
  );
}

function Scan({ made, onDone, onClose }: NewFactorProps & { made: NewGeneratorAnswer }) {
  const t = useWords(words);
  const [code, setCode] = useState('');
  const confirm = useMutation({
    mutationFn: () => ask(api.POST('/api/v1/me/factors/totp/{factor_id}/confirm', { params: { path: { factor_id: made.id } }, body: { code } })),
    meta: { quiet: true },
    onSuccess: (answer) => onDone(answer.codes),
  });
  return (
    <Form verb={t.confirm} busy={confirm.isPending} onSubmit={() => confirm.mutate()} onCancel={onClose}>
      <p className="ink2">{t.scan}</p>
      {/* Drawn here, by us: the secret goes to no other server, and the drawing holds nothing but squares. */}
      <span className={css.qr} role="img" aria-label={t.scan} dangerouslySetInnerHTML={{ __html: renderSVG(made.uri) }} />
      <p className="dim">{t.secret}</p>
      <Verbatim>{made.secret}</Verbatim>
      <TextInput label={t.code} inputMode="numeric" autoComplete="one-time-code" required withAsterisk={false} data-autofocus value={code} onChange={(event) => setCode(event.currentTarget.value)} error={confirm.error ? saidOf(confirm.error) : undefined} />
    </Form>
  );
}

function NewPasskey({ onDone, onClose }: NewFactorProps) {
  const t = useWords(words);
  const [name, setName] = useState('');
  const make = useMutation({
    mutationFn: async () => {
      const { ticket, options } = await ask(api.POST('/api/v1/me/factors/passkey/challenge'));
      return ask(api.POST('/api/v1/me/factors/passkey', { body: { ticket, name, credential: await makePasskey(options) } }));
    },
    meta: { quiet: true },
    onSuccess: (answer) => onDone(answer.codes),
  });
  return (
    <Dialog opened onClose={onClose} title={t.addPasskey}>
      <NameForm name={name} onName={setName} verb={t.addPasskey} busy={make.isPending} error={make.error} onSubmit={() => make.mutate()} onClose={onClose} />
    </Dialog>
  );
}

interface NameFormProps {
  name: string;
  onName: (name: string) => void;
  verb: string;
  busy: boolean;
  error: Error | null;
  onSubmit: () => void;
  onClose: () => void;
}

function NameForm({ name, onName, verb, busy, error, onSubmit, onClose }: NameFormProps) {
  const t = useWords(words);
  return (
    <Form verb={verb} busy={busy} error={error} onSubmit={onSubmit} onCancel={onClose}>
      <TextInput label={t.name} description={t.nameHint} required withAsterisk={false} maxLength={100} data-autofocus value={name} onChange={(event) => onName(event.currentTarget.value)} />
    </Form>
  );
}

function Codes({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  const t = useWords(words);
  const file = `data:text/plain;charset=utf-8,${encodeURIComponent(codes.join('\n'))}`;
  return (
    <Dialog opened onClose={onClose} size={540} title={t.codesTitle} closeOnClickOutside={false} closeOnEscape={false} withCloseButton={false}>
      <p className="ink2">{t.codesHint}</p>
      <ul className={css.codes}>
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <Verbs>
        <Button variant="filled" onClick={onClose}>
          {t.keptThem}
        </Button>
        <Button component="a" href={file} download="truenav-recovery-codes.txt">
          {t.saveFile}
        </Button>
        <Button onClick={() => window.print()}>{t.print}</Button>
      </Verbs>
    </Dialog>
  );
}
