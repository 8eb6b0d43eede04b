// One issue: its cause, what hangs on it, where to mend it, and the two ways to close it.
import { Button } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import type { IssueAnswer } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { age, full } from '@/lib/time';
import { useView } from '@/lib/view';
import { ConfirmWithReason } from '@/ui/ConfirmWithReason';
import { Figure } from '@/ui/Figure';
import { Finding, Mend } from '@/ui/Finding';
import { tellDone } from '@/ui/tell';
import { TwoStatements } from './TwoStatements';
import { conflictOf } from './conflict';
import { useHasConnection, useSettle, useStakes, type Settling } from './data';
import css from './Issues.module.css';
import words from './words';

const PRICE_KINDS = new Set(['unpriced', 'price_stale', 'price_conflict', 'prices_unread']);

export function IssueCard({ issue, onDone }: { issue: IssueAnswer; onDone: () => void }) {
  const t = useWords(words);
  const can = useCan();
  const conflict = conflictOf(issue.detail);
  return (
    <div className={css.card}>
      <p className={css.message}>
        <Finding kind={issue.kind} subject={issue.subject} message={issue.message} />
      </p>
      <Facts issue={issue} />
      <section>
        <h3>{t.mend}</h3>
        <p>
          <Mend kind={issue.kind} mend={issue.mend} />
        </p>
        <WaysToMend issue={issue} />
      </section>
      {conflict ? <TwoStatements conflict={conflict} /> : null}
      {issue.state !== 'open' ? null : can('fact:write') ? <Close id={issue.id} onDone={onDone} /> : <p className="dim">{t.mayNot}</p>}
    </div>
  );
}

function Facts({ issue }: { issue: IssueAnswer }) {
  const t = useWords(words);
  const language = useLanguage();
  const { numeraire } = useView();
  const stakes = useStakes();
  return (
    <dl className={css.facts}>
      <dt>{t.subject}</dt>
      <dd>{issue.subject}</dd>
      <dt>{t.effect}</dt>
      <dd>{issue.blocking ? t.blocksLong : t.noteLong}</dd>
      <dt>{t.opened}</dt>
      <dd>
        <span className="num">{full(issue.opened_at)}</span>
        {issue.state === 'open' ? <span className="dim"> · {age((Date.now() - Date.parse(issue.opened_at)) / 1000, language)}</span> : null}
      </dd>
      {issue.state === 'open' ? (
        <>
          <dt>{t.atStake}</dt>
          <dd>
            <Figure value={stakes[issue.id] ?? null} unit={numeraire} reason={t.unknownStake} />
          </dd>
        </>
      ) : null}
      {issue.closed_at ? (
        <>
          <dt>{t.closed}</dt>
          <dd>
            {t.states[issue.state]} · <span className="num">{full(issue.closed_at)}</span>
            {issue.closed_by ? ` · ${t.by(issue.closed_by)}` : ''}
          </dd>
          <dt>{t.explanation}</dt>
          <dd>{issue.explanation}</dd>
        </>
      ) : null}
    </dl>
  );
}

function WaysToMend({ issue }: { issue: IssueAnswer }) {
  const t = useWords(words);
  const can = useCan();
  const connected = useHasConnection(issue.subject);
  const ways: readonly (readonly [boolean, string, string])[] = [
    [connected, `/connections/${encodeURIComponent(issue.subject)}`, t.toConnection],
    [PRICE_KINDS.has(issue.kind) && can('price:read'), '/pricing', t.toPricing],
    [issue.kind === 'unassigned' && can('portfolio:read'), '/tree', t.toTree],
    [issue.kind === 'fact_conflict' && !connected && can('import:write'), '/imports', t.toImports],
    [issue.kind === 'fact_conflict' && can('manual:write'), '/manual', t.toManual],
    [issue.kind === 'notice_undelivered' && can('notice:read'), '/notices', t.toNotices],
  ];
  const open = ways.filter(([offered]) => offered);
  return open.length === 0 ? null : (
    <div className={css.buttons}>
      {open.map(([, to, label]) => (
        <Button key={to} component={Link} to={to} size="xs">
          {label}
        </Button>
      ))}
    </div>
  );
}

function Close({ id, onDone }: { id: string; onDone: () => void }) {
  const t = useWords(words);
  const settle = useSettle(id);
  const [asked, setAsked] = useState<Settling | null>(null);
  const confirm = (way: Settling, explanation: string) =>
    settle.mutate(
      { way, explanation },
      {
        onSuccess: () => {
          tellDone(way === 'explain' ? t.explained : t.fixed);
          onDone();
        },
      },
    );
  return (
    <div className={css.foot}>
      <Button variant="filled" onClick={() => setAsked('fix')}>
        {t.fix}
      </Button>
      <Button onClick={() => setAsked('explain')}>{t.explain}</Button>
      <ConfirmWithReason
        opened={asked !== null}
        title={asked === 'explain' ? t.explainTitle : t.fixTitle}
        verb={asked === 'explain' ? t.explain : t.fix}
        busy={settle.isPending}
        onConfirm={(reason) => confirm(asked ?? 'fix', reason)}
        onClose={() => setAsked(null)}
      >
        {asked === 'explain' ? t.explainText : t.fixText}
      </ConfirmWithReason>
    </div>
  );
}
