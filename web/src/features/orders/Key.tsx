// An account's trading key: entered once, checked at the venue, told of by its rights alone.
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { TradingAccountAnswer, TradingKeyAnswer } from '@/api/schema';
import { KeyForm } from '@/features/connections/KeyForm';
import { Rights } from '@/features/connections/SourcePanel';
import { useConnectors } from '@/features/connections/data';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { moment } from '@/lib/time';
import { ConfirmWithReason } from '@/ui/ConfirmWithReason';
import { Facts } from '@/ui/Facts';
import { Masked } from '@/ui/Figure';
import { Icon } from '@/ui/Icon';
import { Shown } from '@/ui/States';
import { tellDone } from '@/ui/tell';
import css from './Orders.module.css';
import { useCheckKey, usePutKey, useRemoveKey } from './data';
import words from './words';

export function Key({ account }: { account: TradingAccountAnswer }) {
  const t = useWords(words);
  const may = useCan()('trade:key');
  const [entering, setEntering] = useState(false);
  const check = useCheckKey(account.account);
  return (
    <section className={css.section}>
      <h3>{t.key}</h3>
      {account.key ? <Told of={account.key} /> : <p className="warn">{t.noKey}</p>}
      {check.data ? <Rights check={check.data.check} notes={check.data.notes} /> : null}
      {entering ? (
        <Enter account={account} onClose={() => setEntering(false)} />
      ) : may ? (
        <div className={css.actions}>
          <Button size="xs" onClick={() => setEntering(true)}>
            {account.key ? t.replaceKey : t.enterKey}
          </Button>
          {account.key ? (
            <>
              <Button size="xs" onClick={() => check.mutate()} loading={check.isPending}>
                {t.checkKey}
              </Button>
              <Remove account={account} />
            </>
          ) : null}
        </div>
      ) : (
        <p className="dim">{t.whoKeys}</p>
      )}
    </section>
  );
}

function Told({ of: key }: { of: TradingKeyAnswer }) {
  const t = useWords(words);
  const language = useLanguage();
  const { read, trade, withdraw, identity, notes } = key.check;
  const right = (value: keyof typeof t.rights | undefined) => (value === undefined ? <Masked /> : t.rights[value]);
  return (
    <>
      <Facts className={css.facts}>
        <dt>{t.entered}</dt>
        <dd>{t.keyOf(key.entered_by, moment(key.entered_at, language))}</dd>
        <dt>{t.read}</dt>
        <dd>{right(read)}</dd>
        <dt>{t.trade}</dt>
        <dd>{right(trade)}</dd>
        <dt>{t.withdraw}</dt>
        <dd>{right(withdraw)}</dd>
        {identity ? (
          <>
            <dt>{t.identity}</dt>
            <dd className="num">{identity}</dd>
          </>
        ) : null}
      </Facts>
      {/* A role that does not see the rights of keys sees no notes either. */}
      {(notes as readonly string[] | undefined)?.map((note) => (
        <p key={note} className={css.note}>
          <Icon name="warn" size={14} className="warn" />
          {note}
        </p>
      ))}
    </>
  );
}

function Enter({ account, onClose }: { account: TradingAccountAnswer; onClose: () => void }) {
  const t = useWords(words);
  const connectors = useConnectors();
  const put = usePutKey(account.account);
  const done = () => {
    tellDone(t.keySaved);
    onClose();
  };
  return (
    <Shown of={connectors} rows={3}>
      {(every) =>
        every
          .filter((one) => one.name === account.connector)
          .map((connector) => (
            <div key={connector.name}>
              <p className="ink2">{t.keySteps}</p>
              <KeyForm connector={connector} hint={t.keyHint} busy={put.isPending} error={put.error} onCancel={onClose} onSave={(key) => put.mutate(key, { onSuccess: done })} />
            </div>
          ))
      }
    </Shown>
  );
}

function Remove({ account }: { account: TradingAccountAnswer }) {
  const t = useWords(words);
  const [asked, setAsked] = useState(false);
  const remove = useRemoveKey(account.account);
  const done = () => {
    tellDone(t.keyRemoved);
    setAsked(false);
  };
  return (
    <>
      <Button size="xs" variant="subtle" color="crit" onClick={() => setAsked(true)}>
        {t.removeKey}
      </Button>
      <ConfirmWithReason opened={asked} title={t.removeKeyTitle(account.account)} verb={t.removeKey} danger reason="none" busy={remove.isPending} onConfirm={() => remove.mutate(undefined, { onSuccess: done })} onClose={() => setAsked(false)}>
        {t.removeKeyText} {account.unsettled > 0 ? `${t.unsettledCount(account.unsettled)}.` : ''}
      </ConfirmWithReason>
    </>
  );
}
