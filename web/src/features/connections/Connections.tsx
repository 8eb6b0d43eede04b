// Every source with its health; beside it the chosen one, or the first that is at fault.
import { Button } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useNavigate, useParams, useSearchParams } from 'react-router';
import { api, ask } from '@/api/client';
import type { ConnectorAnswer, HealthAnswer } from '@/api/schema';
import { add, grouped } from '@/lib/decimal';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { age } from '@/lib/time';
import { useView } from '@/lib/view';
import { Chips } from '@/ui/Chips';
import { Drawer } from '@/ui/Drawer';
import { ExportMenu } from '@/ui/ExportMenu';
import { Figure } from '@/ui/Figure';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import css from './Connections.module.css';
import { Gathering } from './Gathering';
import { SourcePanel } from './SourcePanel';
import { SourceTable } from './SourceTable';
import { atFault, useConnectors, useGather, useHealth } from './data';
import words from './words';

export default function Connections() {
  const t = useWords(words);
  const health = useHealth();
  const connectors = useConnectors();
  return (
    <Shown of={health} rows={10}>
      {(sources) =>
        sources.length === 0 ? (
          <Panel>
            <Empty icon="connect" title={t.emptyTitle} action={<WaysIn />}>
              {t.empty}
            </Empty>
          </Panel>
        ) : (
          <Sources sources={sources} connectors={connectors.data ?? []} now={health.dataUpdatedAt} />
        )
      }
    </Shown>
  );
}

function WaysIn() {
  const t = useWords(words);
  const can = useCan();
  return (
    <>
      {can('import:write') ? (
        <Button component={Link} to="/imports">
          {t.importFile}
        </Button>
      ) : null}
      {can('source:write') ? (
        <Button component={Link} to="/connections/new" variant="filled" leftSection={<Icon name="plus" size={13} />}>
          {t.connect}
        </Button>
      ) : null}
    </>
  );
}

interface SourcesProps {
  sources: readonly HealthAnswer[];
  connectors: readonly ConnectorAnswer[];
  now: number;
}

function Sources({ sources, connectors, now }: SourcesProps) {
  const t = useWords(words);
  const can = useCan();
  const navigate = useNavigate();
  const { id } = useParams();
  const [params, setParams] = useSearchParams();
  const phone = useMediaQuery('(max-width: 1100px)');
  const [onlyFaults, setOnlyFaults] = useState(false);
  const gather = useGather();
  const stakes = useValueAtStake();
  const job = params.get('job');
  const faults = sources.filter(atFault);
  const shown = onlyFaults ? faults : sources;
  const chosen = sources.find((one) => one.id === id || one.account === id) ?? (phone ? undefined : (faults[0] ?? sources[0]));
  const connector = connectors.find((one) => one.name === chosen?.connector);
  const open = (next: string | null) => void navigate({ pathname: next === null ? '/connections' : `/connections/${next}`, search: params.toString() });
  const panel =
    chosen && connector ? (
      <SourcePanel
        key={chosen.id}
        source={chosen}
        connector={connector}
        atStake={<Stake value={stakes[chosen.account ?? chosen.id]} />}
        gathering={gather.isPending}
        onGather={() => gather.mutate(chosen.account === null ? undefined : [chosen.account])}
      />
    ) : null;
  return (
    <div className={css.page}>
      <div className={css.top}>
        <span className="grow" />
        {can('source:gather') ? (
          <Button onClick={() => gather.mutate(undefined)} loading={gather.isPending} leftSection={<Icon name="refresh" size={13} />}>
            {t.gatherAll}
          </Button>
        ) : null}
        <WaysIn />
      </div>
      <Band sources={sources} stakes={stakes} now={now} />
      <div className={css.layout}>
        <Panel
          title={t.sources}
          sub={String(sources.length)}
          tools={
            <>
              <Chips
                label={t.sources}
                chosen={onlyFaults ? 'faults' : 'all'}
                onChoose={(choice) => setOnlyFaults(choice === 'faults')}
                of={[
                  ['all', t.all(sources.length)],
                  ['faults', t.faults(faults.length)],
                ]}
              />
              <ExportMenu href={(format) => `/api/v1/sources/health?format=${format}`} />
            </>
          }
        >
          {shown.length === 0 ? <Empty icon="check" title={t.noFaults} /> : <SourceTable sources={shown} selected={chosen?.id ?? null} now={now} onOpen={open} />}
          {job ? <Gathering job={job} onHide={() => setParams((old) => new URLSearchParams([...old].filter(([name]) => name !== 'job')))} /> : null}
        </Panel>
        {phone ? (
          <Drawer opened={id !== undefined && panel !== null} title={chosen?.id ?? ''} onClose={() => open(null)}>
            {panel}
          </Drawer>
        ) : (
          panel
        )}
      </div>
    </div>
  );
}

function Band({ sources, stakes, now }: { sources: readonly HealthAnswer[]; stakes: Stakes; now: number }) {
  const t = useWords(words);
  const language = useLanguage();
  const { numeraire } = useView();
  const answering = sources.filter((one) => one.state === 'answering' || one.state === 'gathering');
  const oldest = answering.filter((one) => one.last_answer_at !== null).sort((one, other) => (one.last_answer_at ?? '').localeCompare(other.last_answer_at ?? ''))[0];
  const faults = sources.filter(atFault);
  const stake = faults.map((one) => stakes[one.account ?? one.id]).filter((one): one is string => typeof one === 'string');
  const answers = sources.reduce((sum, one) => sum + one.hourly.reduce((all, hour) => all + hour, 0), 0);
  const accounts = sources.filter((one) => one.account !== null).length;
  return (
    <div className={css.band}>
      <section>
        <h3>{t.answering}</h3>
        <p className={css.big}>
          {answering.length} <small>{t.ofAll(sources.length)}</small>
        </p>
        <p className="dim">{t.sourcesOf(accounts, sources.length - accounts)}</p>
      </section>
      <section>
        <h3>{t.oldest}</h3>
        <p className={css.big}>{oldest?.last_answer_at ? age(Math.max(0, (now - Date.parse(oldest.last_answer_at)) / 1000), language) : '—'}</p>
        <p className="dim">{oldest?.id ?? t.oldestNone}</p>
      </section>
      <section>
        <h3>{t.atStake}</h3>
        <p className={css.big}>
          {faults.length === 0 ? '0' : <Figure value={stake.length === 0 ? null : stake.reduce(add)} provisional />} <small>{numeraire}</small>
        </p>
        <p className="dim">{faults.length === 0 ? t.atStakeNone : t.atStakeNote}</p>
      </section>
      <section>
        <h3>{t.received}</h3>
        <p className={css.big}>{grouped(String(answers))}</p>
        <p className="dim">{t.receivedNote}</p>
      </section>
    </div>
  );
}

type Stakes = Readonly<Record<string, string | null>>;

/** What hangs on the accounts that cannot be read, as the overview says it. */
function useValueAtStake(): Stakes {
  const { fund, numeraire } = useView();
  const can = useCan();
  const { data } = useQuery({
    queryKey: ['overview', fund, numeraire, null, 'stakes'],
    enabled: fund !== null && can('portfolio:read'),
    queryFn: () => ask(api.GET('/api/v1/overview/{fund}', { params: { path: { fund: fund ?? '' }, query: { numeraire } } })),
  });
  return Object.fromEntries(
    (data?.attention ?? [])
      .map((one) => [String((one.parameters as Record<string, string>)['account'] ?? ''), one.value_at_stake ?? null] as const)
      .filter(([account]) => account !== ''),
  );
}

function Stake({ value }: { value: string | null | undefined }) {
  const { numeraire } = useView();
  return typeof value === 'string' ? <Figure value={value} unit={numeraire} provisional /> : null;
}
