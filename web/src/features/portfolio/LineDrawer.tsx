// Behind one line: the factors of its value, and the bytes that they were read from.
import { Link } from 'react-router';
import type { HeldLine } from '@/api/schema';
import { grouped as commas, show } from '@/lib/decimal';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { full } from '@/lib/time';
import { venueName } from '@/features/overview/venues';
import type { Measure } from '@/features/overview/reasons';
import { Drawer } from '@/ui/Drawer';
import { Change, Figure, Unknown } from '@/ui/Figure';
import { Fingerprint } from '@/ui/Fingerprint';
import { Icon } from '@/ui/Icon';
import { Shown } from '@/ui/States';
import { useEvidence } from './data';
import css from './NodePage.module.css';
import words from './words';

export function LineDrawer({ line, numeraire, measure, onClose }: { line: HeldLine | null; numeraire: string; measure: Measure; onClose: () => void }) {
  return (
    <Drawer opened={line !== null} onClose={onClose} title={line?.name}>
      {line ? <Line line={line} numeraire={numeraire} measure={measure} /> : null}
    </Drawer>
  );
}

function Line({ line, numeraire, measure }: { line: HeldLine; numeraire: string; measure: Measure }) {
  const t = useWords(words);
  return (
    <>
      <h3>{t.factors}</h3>
      <div className={css.product}>
        <Row name={t.quantity}>
          <span className="num">{commas(line.quantity)}</span>
        </Row>
        <Row name={t.price}>{line.price === null ? <Unknown reason={t.noPrice} /> : <span className="num">{`${commas(line.price)} ${line.quote ?? ''}`}</span>}</Row>
        <div className={css.result}>
          <span>{`${t.value} ${numeraire}`}</span>
          <Figure value={line.value} places={Math.max(2, measure.places)} reason={line.notes[0] ?? t.noPrice} />
        </div>
      </div>
      <dl className={css.facts}>
        <Fact name={t.exposure}>
          <Figure value={line.exposure} places={measure.places} unit={numeraire} />
        </Fact>
        {line.kind === 'position' ? (
          <Fact name={t.unrealised}>
            <Change value={line.unrealised} places={measure.places} unit={numeraire} />
          </Fact>
        ) : null}
        <Fact name={t.node}>{line.node}</Fact>
        {line.kind === 'holding' ? (
          <Fact name={t.account}>
            <Link className="link" to={{ pathname: `/portfolio/${line.account}`, search: `?in=${numeraire}` }}>
              {t.openFund}
            </Link>
          </Fact>
        ) : (
          <Fact name={t.account}>{[line.account, line.venue ? venueName(line.venue, '') : ''].filter(Boolean).join(' · ')}</Fact>
        )}
        {line.wallet ? <Fact name={t.wallet}>{line.wallet}</Fact> : null}
        {line.tag ? <Fact name={t.tag}>{line.tag}</Fact> : null}
        {line.price_source ? <Fact name={t.source}>{line.price_source}</Fact> : null}
        {line.quoted_at ? <Fact name={t.quotedAt}>{full(line.quoted_at)}</Fact> : null}
        {line.snapshot_at ? <Fact name={t.seenAt}>{full(line.snapshot_at)}</Fact> : null}
        {line.notes.length > 0 ? <Fact name={t.notes}>{line.notes.join(' ')}</Fact> : null}
      </dl>
      <Evidence hashes={line.evidence} />
    </>
  );
}

function Row({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <span className="dim">{name}</span>
      {children}
    </div>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Evidence({ hashes }: { hashes: readonly string[] }) {
  const t = useWords(words);
  const allowed = useCan()('fact:read');
  return (
    <section className={css.section}>
      <h3>{t.evidence}</h3>
      <p className="dim">{hashes.length === 0 ? t.noEvidence : allowed ? t.evidenceHint : t.mayNotSee}</p>
      {allowed ? hashes.map((hash) => <Payload key={hash} hash={hash} />) : null}
    </section>
  );
}

function Payload({ hash }: { hash: string }) {
  const t = useWords(words);
  useLanguage();
  const evidence = useEvidence(hash, true);
  return (
    <article className={css.payload}>
      <header>
        <Fingerprint hash={hash} />
        <span className={`mono dim ${css.hash}`}>{hash.slice(0, 16)}</span>
        <span className="grow" />
        <a className="link" href={`/api/v1/evidence/${hash}/payload`} download={`${hash}.bin`} aria-label={`${t.raw} ${hash.slice(0, 16)}`}>
          <Icon name="download" size={14} />
        </a>
      </header>
      <Shown of={evidence} rows={2}>
        {(found) => {
          const [first] = found.received;
          return (
            <dl className={css.facts}>
              {first ? (
                <>
                  <Fact name={t.reader}>{`${first.connector} ${first.connector_version} · ${first.endpoint}`}</Fact>
                  <Fact name={t.answered}>{full(first.answered_at)}</Fact>
                </>
              ) : null}
              <Fact name={t.raw}>{t.bytes(show(String(found.size), 0))}</Fact>
            </dl>
          );
        }}
      </Shown>
    </article>
  );
}
