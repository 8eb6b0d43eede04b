// What rules mean before any price: the risk note, and what single moves would do.
import type { Profile, Profiles as Answer } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { type Column, DataTable } from '@/ui/DataTable';
import { Percent } from '@/ui/Figure';
import { Panel } from '@/ui/Panel';
import css from './Analysis.module.css';
import { useProfiles } from './data';
import words from './words';

export function ProfilePanels({ rules, text, chosen }: { rules: readonly string[]; text: string | null; chosen: string | undefined }) {
  const found = useProfiles({ rules: [...rules], text });
  if (!found.data) return null; // what is wrong with the rules is told beside them
  const one = found.data.profiles.find((profile) => profile.rules === chosen) ?? found.data.profiles[0];
  return (
    <>
      {one ? <Note of={one} /> : null}
      <Cases data={found.data} />
    </>
  );
}

function Note({ of }: { of: Profile }) {
  const t = useWords(words);
  const language = useLanguage();
  return (
    <Panel title={t.note} sub={of.rules} padded>
      <ul className={css.note}>
        {of.note[language].map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </Panel>
  );
}

interface Case {
  readonly id: string;
  readonly move: string;
  readonly returns: readonly string[];
}

function Cases({ data }: { data: Answer }) {
  const t = useWords(words);
  const legs = (of: (one: { first: string; second: string; both: string }) => string) => ({ move: of(data.underlying), returns: data.profiles.map((one) => of(one.legs)) });
  const oneWay: readonly Case[] = data.moves.map((move, place) => ({ id: move, move, returns: data.profiles.map((one) => one.one_way[place] as string) }));
  const both: readonly Case[] = [
    { id: t.first, ...legs((one) => one.first) },
    { id: t.second, ...legs((one) => one.second) },
    { id: t.whole, ...legs((one) => one.both) },
  ];
  return (
    <div className={css.twin}>
      <Panel title={t.cases} sub={t.casesHint}>
        <Moves label={t.cases} rows={oneWay} names={data.profiles.map((one) => one.rules)} />
      </Panel>
      <Panel title={t.both}>
        <Moves label={t.both} rows={both} names={data.profiles.map((one) => one.rules)} named />
      </Panel>
    </div>
  );
}

function Moves({ label, rows, names, named = false }: { label: string; rows: readonly Case[]; names: readonly string[]; named?: boolean }) {
  const t = useWords(words);
  const columns: readonly Column<Case>[] = [
    ...(named ? [{ id: 'name', header: '', card: 'title', cell: (row) => row.id } satisfies Column<Case>] : []),
    { id: 'move', header: named ? t.underlying : t.move, unit: '%', align: 'right', card: named ? 'line' : 'title', cardUnit: '%', cell: (row) => <Percent value={row.move} signed /> },
    ...names.map((name, place): Column<Case> => ({ id: name, header: name, unit: '%', align: 'right', cell: (row) => <Percent value={row.returns[place]} signed /> })),
  ];
  return <DataTable label={label} columns={columns} rows={rows} rowKey={(row) => row.id} />;
}
