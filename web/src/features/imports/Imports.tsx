// Drop a file, see everything it would bring and everything wrong with it, then accept it whole.
import { Button, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState, type DragEvent, type ReactNode } from 'react';
import { Link, useSearchParams } from 'react-router';
import { api, ask } from '@/api/client';
import type { FileSeen, ImportChecked, ImportKept, TaskProgress, TemplateAnswer } from '@/api/schema';
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
import { pending, useAccept, useImport } from './data';
import css from './Imports.module.css';
import { draftOf, Mapping, type Draft } from './Mapping';
import mappingWords from './mappingWords';
import { Templates } from './Templates';
import { look, upload, type How } from './upload';
import words from './words';

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

/** What the server takes at most; larger files go by the command line. */
const MAX_UPLOAD = 50 * 1024 * 1024;

interface Sending {
  readonly file: File;
  readonly share: number;
}

/** The file at hand: sent, checked and accepted. Its import is named in the address, so it can be left and found again. */
function Desk({ templates }: { templates: readonly TemplateAnswer[] }) {
  const t = useWords(words);
  const [params, setParams] = useSearchParams();
  const job = params.get('job');
  const [file, setFile] = useState<File | null>(null);
  const [template, setTemplate] = useState<string | null>(null);
  const [sending, setSending] = useState<Sending | null>(null);
  const [looking, setLooking] = useState(false);
  const [seen, setSeen] = useState<FileSeen | null>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [refused, setRefused] = useState<Error | null>(null);
  const stop = useRef(new AbortController());

  const show = (id: string | null) =>
    setParams((old) => new URLSearchParams([...[...old].filter(([name]) => name !== 'job'), ...(id === null ? [] : [['job', id]])]));
  const begin = () => {
    stop.current.abort();
    stop.current = new AbortController();
    setRefused(null);
    return stop.current.signal;
  };
  const send = async (one: File, how: How) => {
    const signal = begin();
    setSending({ file: one, share: 0 });
    try {
      show(await upload({ file: one, how, key: crypto.randomUUID(), signal, onSent: (share) => setSending({ file: one, share }) }));
    } catch (error) {
      if (!signal.aborted) setRefused(error as Error);
    } finally {
      setSending(null);
    }
  };
  const pick = (chosen: string | null, one = file) => {
    setTemplate(chosen);
    if (one && chosen) void send(one, { template: chosen });
  };
  /** By its header a file is a template's, or a layout reads it, or a person says what its columns hold. */
  const examine = async (one: File, named: string | null) => {
    const signal = begin();
    setLooking(true);
    try {
      const found = await look(one, signal);
      const proposed = draftOf(found);
      const kind = found.sniffed.template || (found.sniffed.kind === 'unknown' ? named : null);
      if (kind || !proposed) return pick(kind, one);
      setSeen(found);
      setDraft(proposed);
    } catch (error) {
      if (signal.aborted) return;
      if (named) pick(named, one); // by its template each problem is told with its place
      else setRefused(error as Error);
    } finally {
      setLooking(false);
    }
  };
  const take = (one: File | undefined) => {
    if (!one) return;
    setFile(one);
    setSeen(null);
    setTemplate(null);
    if (one.size <= MAX_UPLOAD) void examine(one, templateOf(one.name, templates));
  };
  const again = () => {
    stop.current.abort();
    setFile(null);
    setSeen(null);
    setRefused(null);
    show(null);
  };
  if (sending) return <Upload sending={sending} onStop={again} />;
  const kinds = !file ? null : seen ? <Back onBack={() => show(null)} /> : <Kinds templates={templates} chosen={template} onPick={pick} />;
  if (job && !refused) return <Import key={job} job={job} kinds={kinds} onAnother={again} />;
  if (!file) return <DropZone onTake={take} />;
  if (file.size > MAX_UPLOAD) {
    return (
      <Sheet name={file.name} size={file.size} onAnother={again}>
        <Failed why={t.tooLarge} />
      </Sheet>
    );
  }
  return (
    <Sheet name={file.name} size={file.size} onAnother={again}>
      {looking ? <Looking /> : null}
      {seen && draft ? <Mapping seen={seen} draft={draft} onChange={setDraft} error={refused} onCheck={() => void send(file, draft)} /> : looking ? null : kinds}
      {refused && !seen ? <ErrorState error={refused} retry={template ? () => void send(file, { template }) : undefined} /> : null}
    </Sheet>
  );
}

/** What the columns mean is looked at. */
function Looking() {
  return <Working label={useWords(mappingWords).looking} share={null} />;
}

/** Back to what the columns mean, where the check found that something of it is wrong. */
function Back({ onBack }: { onBack: () => void }) {
  return (
    <div className={css.pick}>
      <Button size="xs" onClick={onBack}>
        {useWords(mappingWords).change}
      </Button>
    </div>
  );
}

function Sheet({ name, size, onAnother, children }: { name: string; size: number; onAnother?: () => void; children: ReactNode }) {
  const t = useWords(words);
  const another = onAnother ? (
    <Button size="xs" onClick={onAnother}>
      {t.another}
    </Button>
  ) : null;
  return (
    <Panel title={name} sub={t.size((size / 1024 / 1024).toFixed(size < 1024 * 1024 ? 3 : 1))} tools={another}>
      {children}
    </Panel>
  );
}

function Kinds({ templates, chosen, onPick }: { templates: readonly TemplateAnswer[]; chosen: string | null; onPick: (one: string | null) => void }) {
  const t = useWords(words);
  return (
    <div className={css.pick}>
      <Select
        label={t.template}
        description={t.templateHint}
        placeholder={t.noTemplateTitle}
        data={templates.map((one) => one.name)}
        value={chosen}
        onChange={onPick}
        error={chosen === null ? t.noTemplate : undefined}
      />
    </div>
  );
}

function Upload({ sending, onStop }: { sending: Sending; onStop: () => void }) {
  const t = useWords(words);
  return (
    <Sheet name={sending.file.name} size={sending.file.size}>
      <Working label={t.sending} share={sending.share}>
        <Button size="xs" onClick={onStop}>
          {t.stop}
        </Button>
      </Working>
    </Sheet>
  );
}

function Working({ label, share, children }: { label: string; share: number | null; children?: ReactNode }) {
  return (
    <div className={css.sending} role="status">
      <span className="medium">{label}</span>
      <Progress share={share} label={label} />
      {children}
    </div>
  );
}

function Failed({ why }: { why: string | null | undefined }) {
  const t = useWords(words);
  return (
    <State icon="crit" tone="crit" title={t.failed}>
      {why}
    </State>
  );
}

/** An import that a worker has: what it does now, what it found, what it kept. */
function Import({ job, kinds, onAnother }: { job: string; kinds: ReactNode; onAnother: () => void }) {
  const t = useWords(words);
  const found = useImport(job);
  const accept = useAccept(job);
  if (found.error) {
    return (
      <Panel title={t.title}>
        <ErrorState error={found.error} />
        <Button onClick={onAnother}>{t.another}</Button>
      </Panel>
    );
  }
  if (!found.data) return <Working label={t.checking} share={null} />;
  const { given, progress, checked, acceptance } = found.data;
  const share = ({ done, total }: TaskProgress) => (done > 0 && total ? done / total : null);
  const body = () => {
    if (acceptance?.kept) return <Done result={acceptance.kept} onAnother={onAnother} />;
    if (accept.isPending || (acceptance && pending(acceptance.progress))) {
      return <Working label={t.importing} share={acceptance ? share(acceptance.progress) : null} />;
    }
    if (progress.state === 'failed') return <Failed why={progress.error} />;
    if (!checked) return <Working label={t.checking} share={share(progress)} />;
    return (
      <>
        {kinds}
        {accept.error ? <ErrorState error={accept.error} /> : acceptance ? <Failed why={acceptance.progress.error} /> : null}
        <Report name={given.name} report={checked} onAccept={() => accept.mutate()} />
      </>
    );
  };
  return (
    <Sheet name={given.name} size={given.size} onAnother={onAnother}>
      {body()}
    </Sheet>
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

type FileProblem = ImportChecked['problems'][number];

function Report({ name, report, onAccept }: { name: string; report: ImportChecked; onAccept: () => void }) {
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

function Problems({ name, report }: { name: string; report: ImportChecked }) {
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

function Done({ result, onAnother }: { result: ImportKept; onAnother: () => void }) {
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
