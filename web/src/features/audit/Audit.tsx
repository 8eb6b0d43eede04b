// Who did what, newest first: find, open, and check that the chain holds.
import { Button, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { api, ask } from '@/api/client';
import type { AuditCheckAnswer, AuditEntryAnswer } from '@/api/schema';
import { grouped } from '@/lib/decimal';
import { useLanguage, useWords } from '@/lib/i18n';
import { full, moment } from '@/lib/time';
import { type Column, DataTable } from '@/ui/DataTable';
import { Drawer } from '@/ui/Drawer';
import { ExportMenu } from '@/ui/ExportMenu';
import { Fingerprint } from '@/ui/Fingerprint';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { Empty, Shown, State } from '@/ui/States';
import css from './Audit.module.css';
import words from './words';

const FILTERS = ['actor', 'action', 'subject'] as const;
type Search = Partial<Record<(typeof FILTERS)[number], string>>;

export default function Audit() {
  const t = useWords(words);
  const [search, setSearch] = useSearch();
  const [wanted] = useDebouncedValue(search, 250);
  const [open, setOpen] = useState<AuditEntryAnswer | null>(null);
  const trail = useInfiniteQuery({
    queryKey: ['audit', wanted],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => ask(api.GET('/api/v1/audit', { params: { query: { newest_first: true, limit: 100, cursor: pageParam, ...wanted } } })),
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: (before) => before,
  });
  const file = (format: string) => `/api/v1/audit?${new URLSearchParams({ newest_first: 'true', format, ...wanted }).toString()}`;
  return (
    <>
      <Panel title={t.title} sub={t.newest} tools={<Tools file={file} />}>
        <Filters search={search} onChange={setSearch} />
        <Shown of={trail} rows={12}>
          {({ pages }) => (
            <>
              <Entries rows={pages.flatMap((page) => page.items)} selected={open} onOpen={setOpen} />
              {trail.hasNextPage ? (
                <div className={css.more}>
                  <Button size="xs" variant="subtle" onClick={() => void trail.fetchNextPage()} loading={trail.isFetchingNextPage}>
                    {t.more}
                  </Button>
                </div>
              ) : null}
            </>
          )}
        </Shown>
      </Panel>
      <Drawer opened={open !== null} title={open ? t.entry(String(open.seq)) : ''} onClose={() => setOpen(null)}>
        {open ? <Entry entry={open} /> : null}
      </Drawer>
    </>
  );
}

/** What is looked for stands in the address, so that a search can be sent to somebody. */
function useSearch(): [Search, (field: keyof Search, value: string) => void] {
  const [params, setParams] = useSearchParams();
  const search = Object.fromEntries(FILTERS.flatMap((field) => (params.get(field) ? [[field, params.get(field)]] : []))) as Search;
  const change = (field: keyof Search, value: string) =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        if (value.trim() === '') next.delete(field);
        else next.set(field, value);
        return next;
      },
      { replace: true },
    );
  return [search, change];
}

function Filters({ search, onChange }: { search: Search; onChange: (field: keyof Search, value: string) => void }) {
  const t = useWords(words);
  const labels = { actor: t.byActor, action: t.byAction, subject: t.search };
  return (
    <div className={css.filters} role="search">
      {FILTERS.map((field) => (
        <TextInput
          key={field}
          size="xs"
          aria-label={labels[field]}
          placeholder={labels[field]}
          maxLength={200}
          leftSection={field === 'subject' ? <Icon name="search" size={13} /> : undefined}
          value={search[field] ?? ''}
          onChange={(event) => onChange(field, event.currentTarget.value)}
        />
      ))}
    </div>
  );
}

function Entries({ rows, selected, onOpen }: { rows: readonly AuditEntryAnswer[]; selected: AuditEntryAnswer | null; onOpen: (row: AuditEntryAnswer) => void }) {
  const t = useWords(words);
  const language = useLanguage();
  const columns: readonly Column<AuditEntryAnswer>[] = [
    { id: 'at', header: t.at, width: 150, card: 'aside', cell: (row) => <time dateTime={row.at} title={full(row.at)} className="num">{moment(row.at, language)}</time> },
    { id: 'actor', header: t.actor, width: 140, card: 'value', cell: (row) => row.actor },
    { id: 'action', header: t.action, width: 200, card: 'title', cell: (row) => <span className="mono">{row.action}</span> },
    { id: 'subject', header: t.subject, card: 'note', cell: (row) => row.subject },
    { id: 'seal', header: t.seal, width: 90, card: 'none', cell: (row) => <Fingerprint hash={row.hash} /> },
    { id: 'seq', header: t.number, width: 70, align: 'right', card: 'none', cell: (row) => <span className="num">{grouped(String(row.seq))}</span> },
  ];
  return (
    <DataTable
      label={t.title}
      columns={columns}
      rows={rows}
      rowKey={(row) => String(row.seq)}
      selected={selected ? String(selected.seq) : null}
      onOpen={onOpen}
      maxHeight="calc(100vh - 220px)"
      empty={
        <Empty icon="audit" title={t.none}>
          {t.noneHint}
        </Empty>
      }
    />
  );
}

function Entry({ entry }: { entry: AuditEntryAnswer }) {
  const t = useWords(words);
  return (
    <dl className={css.entry}>
      <dt>{t.at}</dt>
      <dd className="num">{full(entry.at)}</dd>
      <dt>{t.actor}</dt>
      <dd>{entry.actor}</dd>
      <dt>{t.action}</dt>
      <dd className="mono">{entry.action}</dd>
      <dt>{t.subject}</dt>
      <dd>{entry.subject}</dd>
      <dt>{t.detail}</dt>
      <dd>
        <pre className={css.detail} tabIndex={0}>
          {readable(entry.detail)}
        </pre>
      </dd>
      <dt>{t.seal}</dt>
      <dd>
        <Fingerprint hash={entry.hash} width={128} height={24} />
        <code className={css.hash}>{entry.hash}</code>
      </dd>
      <dt>{t.previous}</dt>
      <dd>
        <code className={css.hash}>{entry.previous_hash}</code>
      </dd>
    </dl>
  );
}

function readable(detail: string): string {
  try {
    return JSON.stringify(JSON.parse(detail), null, 2);
  } catch {
    return detail;
  }
}

function Tools({ file }: { file: (format: string) => string }) {
  const t = useWords(words);
  const check = useMutation({ mutationFn: () => ask(api.GET('/api/v1/audit/verify')) });
  return (
    <>
      <Button size="xs" onClick={() => check.mutate()} loading={check.isPending} leftSection={<Icon name="seal" size={13} />}>
        {t.verify}
      </Button>
      <ExportMenu href={file} />
      <Drawer opened={check.data !== undefined} title={t.verify} onClose={() => check.reset()}>
        {check.data ? <Checked check={check.data} /> : null}
      </Drawer>
    </>
  );
}

function Checked({ check }: { check: AuditCheckAnswer }) {
  const t = useWords(words);
  return (
    <>
      {check.ok ? (
        <State icon="seal" tone="accent" title={t.holds(grouped(String(check.seq)))}>
          {t.holdsHint}
        </State>
      ) : (
        <State icon="crit" tone="crit" title={t.broken(String(check.first_bad ?? ''))}>
          {check.reason}
        </State>
      )}
      <dl className={css.entry}>
        <dt>{t.number}</dt>
        <dd className="num">{grouped(String(check.seq))}</dd>
        <dt>{t.seal}</dt>
        <dd>
          <Fingerprint hash={check.hash} width={128} height={24} />
          <code className={css.hash}>{check.hash}</code>
        </dd>
        <dt>{t.offline}</dt>
        <dd>
          <code className={css.hash}>truenav audit verify</code>
        </dd>
      </dl>
    </>
  );
}
