import { useLanguage, useWords } from '@/lib/i18n';
import type { HealthAnswer } from '@/api/schema';
import { grouped } from '@/lib/decimal';
import { age, full } from '@/lib/time';
import { DataTable, type Column } from '@/ui/DataTable';
import { NotApplicable, Unknown } from '@/ui/Figure';
import { Icon, type IconName } from '@/ui/Icon';
import css from './Connections.module.css';
import { atFault, type SourceState } from './data';
import words from './words';

const ICONS: Readonly<Record<SourceState, IconName>> = {
  answering: 'check',
  failed: 'crit',
  gathering: 'clock',
  quiet: 'warn',
  never: 'todo',
  off: 'pause',
};

export function StateMark({ state }: { state: SourceState }) {
  const t = useWords(words);
  return (
    <span className={`${css.state} ${css[state]}`}>
      <Icon name={ICONS[state]} size={14} />
      {t.states[state]}
    </span>
  );
}

/** Answers of the last 24 hours as bars, an hour each. */
function Hours({ counts }: { counts: readonly number[] }) {
  const t = useWords(words);
  const most = Math.max(1, ...counts);
  const sum = counts.reduce((all, one) => all + one, 0);
  return (
    <svg width={84} height={16} role="img" aria-label={t.dayLabel(String(sum))} className={css.hours}>
      <title>{t.dayLabel(String(sum))}</title>
      {counts.map((count, hour) => {
        const height = count === 0 ? 1.5 : 4 + (count / most) * 11;
        return <rect key={hour} x={hour * 3.5} y={16 - height} width={2.5} height={height} rx={0.8} className={count === 0 ? css.silent : undefined} />;
      })}
    </svg>
  );
}

export function Initials({ text }: { text: string }) {
  return (
    <span className={css.initials} aria-hidden="true">
      {text.slice(0, 2).toUpperCase()}
    </span>
  );
}

interface SourceTableProps {
  sources: readonly HealthAnswer[];
  selected: string | null;
  now: number;
  onOpen: (id: string) => void;
}

export function SourceTable({ sources, selected, now, onOpen }: SourceTableProps) {
  const t = useWords(words);
  const language = useLanguage();
  const columns: Column<HealthAnswer>[] = [
    {
      id: 'source',
      header: t.source,
      cell: (one) => (
        <span className={css.source}>
          <Initials text={one.title} />
          <span className="medium">{one.id}</span>
        </span>
      ),
      sortBy: (one) => one.id,
      card: 'title',
    },
    {
      id: 'reads',
      header: t.reads,
      cell: (one) => <span className="ink2">{one.account === null ? `${one.title} · ${t.prices}` : one.title}</span>,
      sortBy: (one) => one.title,
      card: 'note',
    },
    { id: 'grade', header: t.grade, cell: (one) => <span className="ink2">{one.grade === 'gold' ? t.gold : one.grade}</span>, card: 'none' },
    { id: 'state', header: t.state, cell: (one) => <StateMark state={one.state} />, sortBy: (one) => (atFault(one) ? '0' : '1'), card: 'value' },
    {
      id: 'last',
      header: t.lastAnswer,
      align: 'right',
      cell: (one) =>
        one.last_answer_at === null ? (
          <Unknown reason={t.states.never} />
        ) : (
          <span className="num" title={full(one.last_answer_at)}>
            {age(Math.max(0, (now - Date.parse(one.last_answer_at)) / 1000), language)}
          </span>
        ),
      sortBy: (one) => one.last_answer_at,
      card: 'aside',
    },
    {
      id: 'delay',
      header: t.delay,
      align: 'right',
      cell: (one) =>
        one.delay_seconds === null ? (
          <NotApplicable />
        ) : (
          <span className="num">
            {grouped(String(Math.round(one.delay_seconds * 1000)))} {t.ms}
          </span>
        ),
      card: 'none',
    },
    { id: 'day', header: t.day, cell: (one) => <Hours counts={one.hourly} />, card: 'none' },
  ];
  return <DataTable label={t.sources} columns={columns} rows={sources} rowKey={(one) => one.id} selected={selected} onOpen={(one) => onOpen(one.id)} />;
}
