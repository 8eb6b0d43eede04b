// Rule sets beside each other on one history: paths, figures, and where the chosen one's return went.
import { useState } from 'react';
import type { Replay, Replays } from '@/api/schema';
import { grouped } from '@/lib/decimal';
import { useLanguage, useWords } from '@/lib/i18n';
import { titleOf } from '@/lib/problems';
import { moment } from '@/lib/time';
import { type Column, DataTable } from '@/ui/DataTable';
import { Figure, Percent, PercentChange } from '@/ui/Figure';
import { Panel } from '@/ui/Panel';
import { Sentence } from '@/ui/Sentence';
import css from './Analysis.module.css';
import { Parts } from './Parts';
import { Paths, hueOf } from './Paths';
import words from './words';

/** The chosen rule set of an answer: the one named, or the first. */
export function chosenOf(data: Replays, name: string | null): Replay | undefined {
  return data.replays.find((one) => one.rules === name) ?? data.replays[0];
}

export function useChosen(data: Replays | undefined) {
  const [name, choose] = useState<string | null>(null);
  return [data ? chosenOf(data, name) : undefined, choose] as const;
}

export function Results({ data, chosen, onChoose }: { data: Replays; chosen: Replay | undefined; onChoose: (rules: string) => void }) {
  const t = useWords(words);
  return (
    <>
      {chosen ? (
        <Panel title={t.paths} sub={<Facts data={data} />} padded>
          <Paths data={data} chosen={chosen} />
          <Key data={data} />
        </Panel>
      ) : null}
      <Panel title={t.results} sub={String(data.replays.length)}>
        {data.replays.length > 0 ? <Table data={data} chosen={chosen} onChoose={onChoose} /> : null}
        <Refused data={data} />
      </Panel>
      {chosen ? (
        <Panel title={t.whereOf(chosen.rules)} sub={t.whereSub}>
          <Parts of={chosen.explanation} name={chosen.rules} financingUnknown={chosen.financing === 'unknown'} />
        </Panel>
      ) : null}
    </>
  );
}

function Facts({ data }: { data: Replays }) {
  const t = useWords(words);
  const language = useLanguage();
  const { history } = data;
  return (
    <>
      {t.facts(grouped(String(history.marks)), moment(history.start, language), moment(history.end, language))} · {t.observed} <Percent value={history.change} signed unit="%" /> · {t.realised}{' '}
      <Percent value={history.volatility} places={1} unit="%" />
      {history.gaps > 0 ? <span className="warn"> · {t.gaps(history.gaps)}</span> : null}
    </>
  );
}

function Key({ data }: { data: Replays }) {
  const t = useWords(words);
  return (
    <p className={css.key} aria-hidden="true">
      <span>
        <i style={{ background: 'var(--ink-3)' }} /> {t.underlying}
      </span>
      {data.replays.map((one, place) => (
        <span key={one.rules}>
          <i style={{ background: `var(--${hueOf(place)})` }} /> {one.rules}
        </span>
      ))}
      <span title={t.promiseHint}>
        <i className={css.dashed} /> {t.promise}
      </span>
    </p>
  );
}

function Table({ data, chosen, onChoose }: { data: Replays; chosen: Replay | undefined; onChoose: (rules: string) => void }) {
  const t = useWords(words);
  const columns: readonly Column<Replay>[] = [
    { id: 'rules', header: t.ruleSet, card: 'title', cell: (row) => <span className="medium">{row.rules}</span>, sortBy: (row) => row.rules },
    {
      id: 'target',
      header: t.target,
      align: 'right',
      cell: (row) => (
        <span title={row.target_is_published ? undefined : t.notPublished}>
          <Figure value={row.target} places={2} unit="×" />
          {row.target_is_published ? null : '*'}
        </span>
      ),
      sortBy: (row) => row.target,
    },
    { id: 'nav', header: <span title={t.navHint}>{t.nav}</span>, align: 'right', cell: (row) => <Figure value={row.explanation.nav_after} places={2} />, sortBy: (row) => row.explanation.nav_after },
    { id: 'return', header: t.return, unit: '%', align: 'right', card: 'value', cardUnit: '%', cell: (row) => <PercentChange value={row.explanation.product} calm />, sortBy: (row) => row.explanation.product },
    { id: 'promised', header: <span title={t.promiseHint}>{t.promised}</span>, unit: '%', align: 'right', cell: (row) => <Percent value={row.tracking.promised} signed />, sortBy: (row) => row.tracking.promised },
    { id: 'expected', header: <span title={t.expectedHint}>{t.expected}</span>, unit: '%', align: 'right', cell: (row) => <Percent value={row.expected} signed reason={t.noTheory} />, sortBy: (row) => row.expected },
    { id: 'error', header: <span title={t.errorHint}>{t.error}</span>, unit: '%', align: 'right', cell: (row) => <Percent value={row.tracking.error} reason={t.oneDay} />, sortBy: (row) => row.tracking.error },
    { id: 'drawdown', header: t.drawdown, unit: '%', align: 'right', cell: (row) => <Percent value={row.drawdown} />, sortBy: (row) => row.drawdown },
    { id: 'decay', header: t.decay, unit: '%', align: 'right', cell: (row) => <Percent value={row.explanation.parts.compounding} signed />, sortBy: (row) => row.explanation.parts.compounding },
    { id: 'fees', header: t.fees, unit: '%', align: 'right', cell: (row) => <Percent value={row.explanation.parts.fees} />, sortBy: (row) => row.explanation.parts.fees },
    { id: 'cost', header: t.cost, unit: '%', align: 'right', cell: (row) => <Percent value={row.explanation.parts.costs} />, sortBy: (row) => row.explanation.parts.costs },
    {
      id: 'financing',
      header: t.financing,
      unit: '%',
      align: 'right',
      cell: (row) => <Percent value={row.financing === 'unknown' ? null : row.explanation.parts.financing} reason={t.unknownFinancing} />,
      sortBy: (row) => (row.financing === 'unknown' ? null : row.explanation.parts.financing),
    },
    {
      id: 'rebalances',
      header: t.rebalances,
      align: 'right',
      cell: (row) => (
        <span className="num nowrap" title={t.triggered(row.explanation.triggered)}>
          {grouped(String(row.explanation.scheduled))} + {grouped(String(row.explanation.triggered))}
        </span>
      ),
      sortBy: (row) => String(row.explanation.scheduled + row.explanation.triggered),
    },
    { id: 'turnover', header: t.turnover, unit: t.turnoverUnit, align: 'right', cell: (row) => <Figure value={row.explanation.turnover} places={2} />, sortBy: (row) => row.explanation.turnover },
  ];
  return <DataTable label={t.results} columns={columns} rows={data.replays} rowKey={(row) => row.rules} selected={chosen?.rules ?? null} onOpen={(row) => onChoose(row.rules)} />;
}

function Refused({ data }: { data: Replays }) {
  const t = useWords(words);
  const language = useLanguage();
  if (data.refused.length === 0) return null;
  return (
    <div className={css.refused} role="status">
      <h3>{t.refused}</h3>
      <ul>
        {data.refused.map((one) => (
          <li key={one.rules}>
            <span className="medium">{one.rules}</span> <span className="ink2">
              <Sentence title={titleOf({ type: `urn:truenav:problem:${one.code}`, title: one.code, status: 422 }, language)} message={one.message} />
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
