// The bytes of one payload, indented or raw, and whether they are the bytes that were recorded.
import { Button, CopyButton, SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { api, ask } from '@/api/client';
import { isDecimal, show } from '@/lib/decimal';
import { saveBlob } from '@/lib/download';
import { useWords } from '@/lib/i18n';
import { Fingerprint } from '@/ui/Fingerprint';
import { Icon } from '@/ui/Icon';
import { Shown } from '@/ui/States';
import css from './nav.module.css';
import { hexDump, mentions, readable, sha256 as hashOf, SHOWN_BYTES, SHOWN_LINES } from './bytes';
import words from './words';

export function Payload({ sha256, figures }: { sha256: string; figures: readonly string[] }) {
  const read = useQuery({
    queryKey: ['evidence', sha256, 'payload'],
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    retry: false,
    queryFn: async () =>
      new Uint8Array((await ask(api.GET('/api/v1/evidence/{sha256}/payload', { params: { path: { sha256 } }, parseAs: 'arrayBuffer' }))) as ArrayBuffer),
  });
  return (
    <Shown of={read} rows={8}>
      {(bytes) => (
        <>
          <Bytes bytes={bytes} sha256={sha256} figures={figures.filter(isDecimal)} />
          <Verdict bytes={bytes} sha256={sha256} />
        </>
      )}
    </Shown>
  );
}

function Bytes({ bytes, sha256, figures }: { bytes: Uint8Array<ArrayBuffer>; sha256: string; figures: readonly string[] }) {
  const t = useWords(words);
  const text = useMemo(() => readable(bytes.subarray(0, SHOWN_BYTES)), [bytes]);
  const [form, setForm] = useState<'text' | 'raw'>(text === null ? 'raw' : 'text');
  const all = useMemo(() => (form === 'text' && text !== null ? text.split('\n') : hexDump(bytes.subarray(0, SHOWN_BYTES / 16))), [form, text, bytes]);
  const lines = all.slice(0, SHOWN_LINES);
  const hits = form === 'text' ? lines.map((line) => mentions(line, figures)) : [];
  const cut = all.length > lines.length || bytes.length > (form === 'text' ? SHOWN_BYTES : SHOWN_BYTES / 16);
  return (
    <section aria-label={t.size}>
      <div className={css.payloadHead}>
        <SegmentedControl
          size="xs"
          aria-label={t.size}
          value={form}
          onChange={(value) => setForm(value === 'raw' ? 'raw' : 'text')}
          data={[
            { value: 'text', label: t.text, disabled: text === null },
            { value: 'raw', label: t.raw },
          ]}
        />
        <span className="grow" />
        {text === null ? null : (
          <CopyButton value={text}>
            {({ copied, copy }) => (
              <Button size="xs" variant="subtle" color="gray" onClick={copy}>
                {copied ? t.copied : t.copy}
              </Button>
            )}
          </CopyButton>
        )}
        <Button size="xs" variant="subtle" color="gray" leftSection={<Icon name="download" size={13} />} onClick={() => saveBlob(new Blob([bytes]), sha256)}>
          {t.file}
        </Button>
      </div>
      <pre className={css.payload} tabIndex={0} aria-label={t.size}>
        {lines.map((line, index) => (
          <span key={index} data-n={form === 'text' ? index + 1 : ''} className={hits[index] ? css.hit : undefined}>
            {line || ' '}
          </span>
        ))}
      </pre>
      {cut ? <p className="dim">{t.cut(show(String(lines.length), 0))}</p> : null}
      {hits.includes(true) ? <p className="dim">{t.highlighted}</p> : null}
    </section>
  );
}

function Verdict({ bytes, sha256 }: { bytes: Uint8Array<ArrayBuffer>; sha256: string }) {
  const t = useWords(words);
  const check = useQuery({ queryKey: ['evidence', sha256, 'check'], gcTime: 0, queryFn: () => hashOf(bytes) });
  if (check.data === undefined) return null;
  const known = check.data !== null;
  const good = check.data === sha256;
  const [title, hint] = !known ? [t.unverifiable, t.unverifiableHint] : good ? [t.verified, t.verifiedHint] : [t.broken, t.brokenHint];
  return (
    <div className={!known ? css.verdict : good ? css.verdictGood : css.verdictBad} role={known && !good ? 'alert' : 'status'}>
      {known && good ? <Fingerprint hash={sha256} width={40} /> : <Icon name={known ? 'crit' : 'info'} />}
      <span>
        <strong>{title}</strong>
        <span className="ink2">{hint}</span>
      </span>
      {known ? (
        <Button size="xs" onClick={() => void check.refetch()} loading={check.isFetching}>
          {t.verifyAgain}
        </Button>
      ) : null}
    </div>
  );
}
