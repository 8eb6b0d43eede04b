// The life of a run in four steps: who brought it where, and when.
import { Link } from 'react-router';
import type { RunAnswer, RunEventAnswer, RunFigures } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { clock, full, moment } from '@/lib/time';
import { Icon } from '@/ui/Icon';
import { useTrail } from './data';
import css from './nav.module.css';
import words from './words';

const PATH = ['collecting', 'calculated', 'approved', 'published'] as const;

export function Timeline({ run, figures }: { run: RunAnswer; figures: RunFigures | undefined }) {
  const t = useWords(words);
  const trail = useTrail(run.id).data ?? [];
  const last = (state: RunAnswer['state']) => trail.findLast((event) => event.state === state);
  const ended = run.state === 'rejected';
  const reached = (state: (typeof PATH)[number]) =>
    state === 'collecting' ? run.result_sha !== null : last(state) !== undefined;
  const current = ended ? undefined : PATH.find((state) => !reached(state));
  const shown = PATH.filter((state) => !ended || reached(state));
  const end = last('rejected') ?? last('superseded');
  const count = (what: 'lines' | 'reconciled') => String(figures?.funds.reduce((sum, fund) => sum + fund[what], 0) ?? 0);
  return (
    <ol className={css.steps}>
      {shown.map((state) => (
        <li key={state} className={reached(state) ? css.done : state === current ? css.now : css.todo} aria-current={state === current ? 'step' : undefined}>
          {reached(state) ? <Icon name="check" size={12} /> : null}
          <p className={css.step}>{reached(state) ? t.steps[state] : t.todo[state]}</p>
          <Said event={state === 'collecting' ? trail[0] : last(state)} state={state} run={run} />
          {state === 'calculated' && figures ? <p>{t.counts(count('lines'), count('reconciled'))}</p> : null}
          {state === 'collecting' ? <p>{trail.some((event) => event.note === 'live') ? t.live : t.recorded}</p> : null}
        </li>
      ))}
      {end ? <End event={end} /> : null}
    </ol>
  );
}

function Said({ event, state, run }: { event: RunEventAnswer | undefined; state: (typeof PATH)[number]; run: RunAnswer }) {
  const t = useWords(words);
  const language = useLanguage();
  if (!event) {
    if (state === 'approved') return <p>{t.needsSecond}</p>;
    return state === 'published' ? <p>{t.afterApproval}</p> : null;
  }
  const sameDay = moment(event.at, language).slice(0, -5) === moment(run.created_at, language).slice(0, -5);
  return (
    <p title={full(event.at)}>
      <span className="num">{sameDay ? clock(event.at) : moment(event.at, language)}</span> {t.by(event.actor)}
      {event.note && state === 'approved' ? <span className={css.quote}>{event.note}</span> : null}
    </p>
  );
}

function End({ event }: { event: RunEventAnswer }) {
  const t = useWords(words);
  const language = useLanguage();
  const replaced = event.state === 'superseded';
  return (
    <li className={replaced ? css.done : css.failed}>
      <Icon name={replaced ? 'right' : 'close'} size={12} />
      <p className={css.step}>{t.steps[event.state]}</p>
      <p>
        <span className="num">{moment(event.at, language)}</span> {t.by(event.actor)}
      </p>
      {replaced ? (
        <p>
          <Link className="link" to={`/nav/${encodeURIComponent(event.note)}`}>
            {t.replacedBy} {event.note}
          </Link>
        </p>
      ) : (
        <p className={css.quote}>{event.note}</p>
      )}
    </li>
  );
}
