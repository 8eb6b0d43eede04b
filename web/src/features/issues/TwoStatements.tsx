// A source that says another thing under the same id: both statements beside each other, and the bytes behind.
import { useWords } from '@/lib/i18n';
import { DataTable } from '@/ui/DataTable';
import { Fingerprint } from '@/ui/Fingerprint';
import { Icon } from '@/ui/Icon';
import { Shown } from '@/ui/States';
import { differencesOf, type Conflict } from './conflict';
import { useFact } from './data';
import css from './Issues.module.css';
import words from './words';

export function TwoStatements({ conflict }: { conflict: Conflict }) {
  const t = useWords(words);
  const fact = useFact(conflict.standing);
  if (conflict.standing === null) return <Table standing={{}} refused={conflict.statement} />;
  return (
    <Shown of={fact} rows={4}>
      {({ evidence, account, body, external_id, occurred_at, source, supersedes }) => (
        <>
          <Table standing={{ account, body, external_id, occurred_at, source, supersedes }} refused={conflict.statement} />
          <section>
            <h3>{t.standingFact}</h3>
            <p className={css.evidence}>
              <Fingerprint hash={evidence} />
              <span className="mono dim">{evidence.slice(0, 16)}</span>
              <a className="link" href={`/api/v1/evidence/${evidence}/payload`} download={`${evidence}.bin`}>
                <Icon name="download" size={13} /> {t.payload}
              </a>
            </p>
          </section>
        </>
      )}
    </Shown>
  );
}

function Table({ standing, refused }: { standing: unknown; refused: unknown }) {
  const t = useWords(words);
  const differences = differencesOf(standing, refused);
  return (
    <section>
      <h3>
        {t.conflict} <span className={css.sub}>{t.conflictSub}</span>
      </h3>
      {differences.length === 0 ? (
        <p className="dim">{t.same}</p>
      ) : (
        <DataTable
          label={t.conflict}
          rows={differences}
          rowKey={(one) => one.field}
          columns={[
            { id: 'field', header: t.field, cell: (one) => <span className="mono">{one.field}</span>, card: 'title' },
            { id: 'stands', header: t.stands, cell: (one) => <span className={css.value}>{one.stands || '—'}</span>, card: 'line' },
            { id: 'refused', header: t.refused, cell: (one) => <span className={css.value}>{one.refused || '—'}</span>, card: 'line' },
          ]}
        />
      )}
    </section>
  );
}
