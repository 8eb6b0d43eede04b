// Drop a file, see everything it would bring and everything wrong with it, then accept it whole.
import { Button, Select } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef, useState, type DragEvent } from 'react';
import { Link, useSearchParams } from 'react-router';
import { api, ask } from '@/api/client';
import type { ImportCheckAnswer, ImportedAnswer, TemplateAnswer } from '@/api/schema';
import { toCsv } from '@/lib/csv';
import { grouped } from '@/lib/decimal';
import { saveBlob } from '@/lib/download';
import { useWords } from '@/lib/i18n';
import { DataTable, type Column } from '@/ui/DataTable';
import { Fingerprint } from '@/ui/Fingerprint';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { Progress } from '@/ui/Progress';
import { ErrorState, Shown, State } from '@/ui/States';
import css from './Imports.module.css';
import { Templates } from './Templates';
import { upload } from './upload';
import words from './words';

type Step =
  | { readonly kind: 'empty' }
  | { readonly kind: 'sending'; readonly verb: 'check' | 'import'; readonly share: number }
  | { readonly kind: 'checked'; readonly report: ImportCheckAnswer }
  | { readonly kind: 'done'; readonly result: ImportedAnswer }
  | { readonly kind: 'refused'; readonly error: Error };

export default function Imports() {
  const t = useWords(words);
  const [params] = useSearchParams();
  const venue = params.get('venue');
  const templates = useQuery({ queryKey: ['templates'], queryFn: () => ask(api.GET('/api/v1/imports/templates')), staleTime: 300_000 });
  return (
    <div className={css.page}>
      <Shown of={templates}>
        {(every) => (
          <>
            {venue ? (
              <p className={css.hint}>
                <Icon name="info" size={14} />
                {t.venue(venue)}
              </p>
            ) : null}
            <Desk templates={every} />
            <Templates templates={every} />
          </>
        )}
      </Shown>
    </div>
  );
}

/** The template that a file's name begins with: `balances.2026-10.csv` holds balances. */
export function templateOf(name: string, templates: readonly TemplateAnswer[]): string | null {
  const stem = name.toLowerCase().split('.')[0] ?? '';
  return (templates.find((one) => one.name === stem) ?? templates.find((one) => stem.startsWith(one.name)))?.name ?? null;
}

function Desk({ templates }: { templates: readonly TemplateAnswer[] }) {
  const t = useWords(words);
  const queries = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [template, setTemplate] = useState<string | null>(null);
  const [step, setStep] = useState<Step>({ kind: 'empty' });
  const stop = useRef(new AbortController());

  const send = async (verb: 'check' | 'import', one: File, kind: string) => {
    stop.current.abort();
    stop.current = new AbortController();
    const { signal } = stop.current;
    setStep({ kind: 'sending', verb, share: 0 });
    const sent = { file: one, template: kind, key: crypto.randomUUID(), signal, onSent: (share: number) => setStep({ kind: 'sending', verb, share }) };
    try {
      if (verb === 'check') setStep({ kind: 'checked', report: await upload<ImportCheckAnswer>({ ...sent, path: '/api/v1/imports/check' }) });
      else {
        setStep({ kind: 'done', result: await upload<ImportedAnswer>({ ...sent, path: '/api/v1/imports' }) });
        void queries.invalidateQueries();
      }
    } catch (error) {
      if (!signal.aborted) setStep({ kind: 'refused', error: error as Error });
      else setStep({ kind: 'empty' });
    }
  };
  const take = (one: File | undefined) => {
    if (!one) return;
    const guessed = templateOf(one.name, templates) ?? template;
    setFile(one);
    setTemplate(guessed);
    if (guessed) void send('check', one, guessed);
    else setStep({ kind: 'empty' });
  };
  const pick = (chosen: string | null) => {
    setTemplate(chosen);
    if (file && chosen) void send('check', file, chosen);
  };
  const again = () => {
    setFile(null);
    setStep({ kind: 'empty' });
  };
  if (!file) return <DropZone onTake={take} />;
  return (
    <Panel
      title={file.name}
      sub={t.size((file.size / 1024 / 1024).toFixed(file.size < 1024 * 1024 ? 3 : 1))}
      tools={
        <Button size="xs" onClick={again} disabled={step.kind === 'sending' && step.verb === 'import'}>
          {t.another}
        </Button>
      }
    >
      {step.kind === 'done' ? null : (
        <div className={css.pick}>
          <Select
            label={t.template}
            description={t.templateHint}
            placeholder={t.noTemplateTitle}
            data={templates.map((one) => one.name)}
            value={template}
            onChange={pick}
            error={template === null ? t.noTemplate : undefined}
            disabled={step.kind === 'sending'}
          />
        </div>
      )}
      {step.kind === 'sending' ? (
        <div className={css.sending} role="status">
          <span className="medium">{step.share < 1 ? t.sending : step.verb === 'check' ? t.checking : t.importing}</span>
          <Progress share={step.share < 1 ? step.share : null} label={t.sending} />
          {step.verb === 'check' || step.share < 1 ? (
            <Button size="xs" onClick={() => stop.current.abort()}>
              {t.stop}
            </Button>
          ) : null}
        </div>
      ) : null}
      {step.kind === 'refused' ? <ErrorState error={step.error} retry={template ? () => void send('check', file, template) : undefined} /> : null}
      {step.kind === 'checked' ? <Report name={file.name} report={step.report} onAccept={() => void send('import', file, step.report.template)} /> : null}
      {step.kind === 'done' ? <Done result={step.result} onAnother={again} /> : null}
    </Panel>
  );
}

function DropZone({ onTake }: { onTake: (file: File | undefined) => void }) {
  const t = useWords(words);
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const dropped = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    onTake(event.dataTransfer.files[0]);
  };
  return (
    <div
      className={over ? `${css.zone} ${css.over}` : css.zone}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={dropped}
    >
      <Icon name="import" size={26} />
      <h2>{t.drop}</h2>
      <p className="dim">{t.dropHint}</p>
      <input ref={input} type="file" accept=".csv,.json,text/csv,application/json" className="visually-hidden" tabIndex={-1} aria-label={t.choose} onChange={(event) => onTake(event.currentTarget.files?.[0])} />
      <Button variant="filled" onClick={() => input.current?.click()}>
        {t.choose}
      </Button>
    </div>
  );
}

type FileProblem = ImportCheckAnswer['problems'][number];

function Report({ name, report, onAccept }: { name: string; report: ImportCheckAnswer; onAccept: () => void }) {
  const t = useWords(words);
  const clean = report.problem_count === 0;
  return (
    <>
      <Counts
        of={[
          [t.rows, report.rows],
          [t.facts, report.facts],
          [t.accounts, report.accounts],
          [t.instruments, report.instruments],
          [t.repeated, report.duplicate_rows],
        ]}
      />
      {clean ? (
        <State
          icon="check"
          tone="accent"
          title={t.clean}
          action={
            <Button variant="filled" onClick={onAccept}>
              {t.accept}
            </Button>
          }
        >
          {t.cleanHint}
        </State>
      ) : (
        <Problems name={name} report={report} />
      )}
    </>
  );
}

function Problems({ name, report }: { name: string; report: ImportCheckAnswer }) {
  const t = useWords(words);
  const columns: Column<FileProblem>[] = [
    { id: 'line', header: t.line, align: 'right', width: 70, cell: (one) => (one.line === 0 ? '' : <span className="num">{grouped(String(one.line))}</span>), sortBy: (one) => String(one.line), card: 'aside' },
    { id: 'column', header: t.column, cell: (one) => (one.column ? <span className="mono">{one.column}</span> : <span className="dim">{t.wholeFile}</span>), sortBy: (one) => one.column, card: 'title' },
    { id: 'problem', header: t.problem, cell: (one) => <span className={css.text}>{one.message}</span>, card: 'line' },
    { id: 'mend', header: t.mend, cell: (one) => <span className={`ink2 ${css.text}`}>{one.mend}</span>, card: 'line' },
  ];
  const save = () => {
    const rows = report.problems.map((one) => [one.line, one.column, one.message, one.mend]);
    saveBlob(new Blob([toCsv([['line', 'column', 'problem', 'mend'], ...rows])], { type: 'text/csv' }), `problems-${name.replace(/\.[^.]*$/, '')}.csv`);
  };
  return (
    <>
      <div className={css.problemHead} role="alert">
        <Icon name="crit" size={16} className="crit" />
        <span>
          <span className="medium">{t.problems(grouped(String(report.problem_count)))}</span>
          {report.problem_count > report.problems.length ? <span className="dim"> · {t.firstListed(grouped(String(report.problems.length)), grouped(String(report.problem_count)))}</span> : null}
          <br />
          <span className="ink2">{t.problemsHint}</span>
        </span>
        <span className="grow" />
        <Button size="xs" onClick={save} leftSection={<Icon name="download" size={13} />}>
          {t.save}
        </Button>
      </div>
      <DataTable label={t.problem} columns={columns} rows={report.problems} rowKey={(one) => `${one.line} ${one.column} ${one.message}`} maxHeight="56vh" />
    </>
  );
}

function Counts({ of }: { of: readonly (readonly [string, number])[] }) {
  return (
    <dl className={css.counts}>
      {of.map(([label, count]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd className="num">{grouped(String(count))}</dd>
        </div>
      ))}
    </dl>
  );
}

function Done({ result, onAnother }: { result: ImportedAnswer; onAnother: () => void }) {
  const t = useWords(words);
  return (
    <>
      <Counts
        of={[
          [t.rows, result.rows],
          [t.newFacts, result.facts],
          [t.known, result.duplicates],
          [t.conflicts, result.conflicts],
          [t.accounts, result.accounts],
        ]}
      />
      <State
        icon={result.conflicts > 0 ? 'warn' : 'check'}
        tone={result.conflicts > 0 ? 'plain' : 'accent'}
        title={t.done}
        action={
          <>
            <Button variant="filled" onClick={onAnother}>
              {t.another}
            </Button>
            {result.conflicts > 0 ? (
              <Button component={Link} to="/issues">
                {t.toIssues}
              </Button>
            ) : null}
          </>
        }
      >
        {result.conflicts > 0 ? `${t.conflictsHint} ` : ''}
        <span className={css.kept}>
          {t.fingerprint} <Fingerprint hash={result.sha256} />
        </span>
      </State>
    </>
  );
}
