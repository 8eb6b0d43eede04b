// From a figure to the bytes it came from: quantity × mark = value, then each payload as it was received.
import { Button, SegmentedControl } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useQueries } from '@tanstack/react-query';
import { Link } from 'react-router';
import { api, ask } from '@/api/client';
import type { EvidenceAnswer } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { full } from '@/lib/time';
import { Drawer } from '@/ui/Drawer';
import { Figure } from '@/ui/Figure';
import { Icon } from '@/ui/Icon';
import { Empty, Shown } from '@/ui/States';
import { markPlaces, placesOf } from './Lines';
import type { Line } from './selection';
import css from './nav.module.css';
import { Payload } from './Payload';
import words from './words';

interface EvidenceDrawerProps {
  line: Line | null;
  /** When the run was computed: of a payload received again and again, the last time before counts. */
  knownAt: string;
  /** The lines in the order of the table, to go on to the next. */
  among: readonly Line[];
  onOpen: (key: string | null) => void;
  nodeName: (id: string) => string;
}

export function EvidenceDrawer({ line, knownAt, among, onOpen, nodeName }: EvidenceDrawerProps) {
  const t = useWords(words);
  const at = among.findIndex((one) => one.key === line?.key);
  const go = (step: number) => onOpen(among[at + step]?.key ?? line?.key ?? null);
  return (
    <Drawer
      opened={line !== null}
      onClose={() => onOpen(null)}
      title={
        <span className={css.drawerTitle}>
          {t.evidence}
          <span className="dim">
            {line?.label} · {line ? nodeName(line.line.node) : ''}
          </span>
        </span>
      }
    >
      {line ? (
        <div className={css.drawer}>
          <Trace line={line} />
          <About line={line} />
          {line.line.kind === 'holding' ? <Through fund={line.line.account} name={nodeName(line.line.account)} /> : null}
          {line.line.evidence.length > 0 ? <Payloads key={line.key} line={line} knownAt={knownAt} /> : <Empty title={t.noEvidence}>{t.noEvidenceHint}</Empty>}
          <div className={css.buttons}>
            <Button size="xs" disabled={at <= 0} onClick={() => go(-1)} leftSection={<Icon name="left" size={12} />}>
              {t.previous}
            </Button>
            <span className="grow" />
            <Button size="xs" disabled={at < 0 || at >= among.length - 1} onClick={() => go(1)} rightSection={<Icon name="right" size={12} />}>
              {t.next}
            </Button>
          </div>
        </div>
      ) : null}
    </Drawer>
  );
}

function Trace({ line: { line } }: { line: Line }) {
  const t = useWords(words);
  const factor = (label: ReactNode, figure: ReactNode, on = false) => (
    <div className={on ? css.factorOn : css.factor}>
      <span className="dim">{label}</span>
      <span className="medium">{figure}</span>
    </div>
  );
  return (
    <div className={css.trace}>
      {factor(t.quantity, <Figure value={line.quantity} places={placesOf(line.quantity, 8)} />)}
      <span className="dim">×</span>
      {factor(`${t.mark}, USD`, <Figure value={line.price_usd} places={markPlaces(line.price_usd)} reason={t.priceUnknown} />)}
      <span className="dim">=</span>
      {factor(`${t.value}, USD`, <Figure value={line.value_usd} places={2} reason={t.priceUnknown} />, true)}
    </div>
  );
}

function About({ line: { line, where } }: { line: Line }) {
  const t = useWords(words);
  return (
    <Facts
      rows={[
        [t.where, where],
        [t.snapshotAt, line.snapshot_at ? full(line.snapshot_at) : null],
        [t.priceSource, line.price_source],
        [t.quotedAt, line.quoted_at ? full(line.quoted_at) : null],
        [t.notes, (line.notes ?? []).join(' ') || null],
      ]}
    />
  );
}

export function Facts({ rows }: { rows: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className={css.facts}>
      {rows.map(([name, value]) =>
        value === null || value === '' ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

/** A holding is worth what its fund's own lines are worth. */
function Through({ fund, name }: { fund: string; name: string }) {
  const t = useWords(words);
  return (
    <p className="ink2">
      {t.holdingMark}{' '}
      <Link className="link" to={`?show=lines&of=${encodeURIComponent(fund)}`} preventScrollReset>
        {t.openLines(name)}
      </Link>
    </p>
  );
}

function Payloads({ line, knownAt }: { line: Line; knownAt: string }) {
  const { evidence } = line.line;
  const metas = useQueries({
    queries: evidence.map((sha256) => ({
      queryKey: ['evidence', sha256],
      staleTime: Number.POSITIVE_INFINITY,
      queryFn: () => ask(api.GET('/api/v1/evidence/{sha256}', { params: { path: { sha256 } } })),
    })),
  });
  const own = metas.findIndex((meta) => meta.data?.received.some((one) => one.account === (line.line.account || line.line.node)));
  const [chosen, choose] = useState<number | null>(null);
  const shown = chosen ?? Math.max(0, own);
  const meta = metas[shown];
  const labels = metas.map((one, index) => {
    const first = one.data?.received[0];
    return { value: String(index), label: first ? `${first.connector} ${first.endpoint.split('/')[0]}` : (evidence[index] ?? '').slice(0, 8) };
  });
  return (
    <>
      {evidence.length > 1 ? (
        <SegmentedControl className={css.payloadTabs} orientation={evidence.length > 2 ? 'vertical' : 'horizontal'} fullWidth value={String(shown)} onChange={(value) => choose(Number.parseInt(value, 10))} data={labels} />
      ) : null}
      {meta ? <Shown of={meta}>{(found) => <One key={found.sha256} found={found} line={line} knownAt={knownAt} />}</Shown> : null}
    </>
  );
}

function One({ found, line, knownAt }: { found: EvidenceAnswer; line: Line; knownAt: string }) {
  const t = useWords(words);
  const language = useLanguage();
  const one = found.received.findLast((each) => Date.parse(each.answered_at) <= Date.parse(knownAt)) ?? found.received[0];
  if (!one) return null;
  const params = (one.request.params ?? []).map(([name, value]) => `${name}=${value}`).join('&');
  const request = typeof one.request.url === 'string' ? `${one.request.method} ${one.request.url}${params ? `?${params}` : ''}` : '•••••';
  const took = new Date(one.answered_at).getTime() - new Date(one.asked_at).getTime();
  return (
    <>
      <Facts
        rows={[
          [t.connector, `${one.connector} ${one.connector_version}`],
          [t.endpoint, <span className="mono">{one.endpoint}</span>],
          [t.request, <span className={`mono ${css.hash}`}>{request}</span>],
          [t.asked, full(one.asked_at)],
          [t.answered, `${full(one.answered_at)}${took > 0 ? ` · ${took} ms` : ''}`],
          [t.status, one.status === 0 ? null : String(one.status)],
          [t.size, t.bytes(found.size.toLocaleString(language === 'zh' ? 'zh-CN' : 'en'))],
          ['', found.received.length > 1 ? t.times(String(found.received.length)) : null],
          ['SHA-256', <span className={`mono ${css.hash}`}>{found.sha256.match(/.{8}/g)?.join(' ')}</span>],
        ]}
      />
      <Payload sha256={found.sha256} figures={[line.line.quantity, line.line.price].filter((figure): figure is string => figure !== null && figure !== '0')} />
    </>
  );
}
