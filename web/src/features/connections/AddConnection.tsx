// From the choice of a venue to its first reading: what was chosen stays in the address and the draft, the key nowhere.
import { Button, MultiSelect, SegmentedControl, Select, TagsInput, TextInput, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { Problem, api, ask } from '@/api/client';
import type { AccountKind, CheckedAnswer, ConnectorAnswer, KeyBody } from '@/api/schema';
import { useDraft } from '@/lib/draft';
import { useWords } from '@/lib/i18n';
import { SLUG, slug } from '@/lib/slug';
import { Badge } from '@/ui/Badge';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { Shown } from '@/ui/States';
import css from './Connections.module.css';
import { Gathering } from './Gathering';
import { KeyForm, KeyGuide } from './KeyForm';
import { Rights } from './SourcePanel';
import { Initials } from './SourceTable';
import { useAccounts, useConnectors, useGather, usePutConnection } from './data';
import { BY_FILE } from './guides';
import words from './words';

interface Draft {
  mode: 'new' | 'existing';
  name: string;
  id: string;
  existing: string;
  wallets: string[] | null;
  since: string;
  baseUrl: string;
  settings: string;
}

/** What stands behind an account that is added here: a connector without wallets of its own reads vaults. */
const kindOf = (connector: ConnectorAnswer): AccountKind => (connector.wallets.length === 0 ? 'custodian' : connector.name === 'fix' ? 'otc' : 'exchange');

const yearStart = (): string => `${new Date().getUTCFullYear()}-01-01`;

export default function AddConnection() {
  const connectors = useConnectors();
  const [params, setParams] = useSearchParams();
  const venue = params.get('venue');
  return (
    <div className={css.narrow}>
      <Shown of={connectors}>
        {(every) => {
          const chosen = every.find((one) => one.name === venue);
          return chosen ? <Connect key={chosen.name} connector={chosen} onBack={() => setParams({})} /> : <Venues connectors={every} onChoose={(name) => setParams({ venue: name })} />;
        }}
      </Shown>
    </div>
  );
}

function Venues({ connectors, onChoose }: { connectors: readonly ConnectorAnswer[]; onChoose: (name: string) => void }) {
  const t = useWords(words);
  return (
    <>
      <Panel title={t.stepVenue} sub={t.stepVenueHint}>
        <div className={css.venues}>
          {connectors.map((one) => (
            <button key={one.name} type="button" className={css.venue} onClick={() => onChoose(one.name)}>
              <Initials text={one.title} />
              <span>
                <span className="medium">{one.title}</span>
                <span className="dim">{one.reads === 'prices' ? t.prices : one.wallets.length === 0 ? t.vaults : one.wallets.join(', ')}</span>
                <span className="dim">{one.credentials.length > 0 ? t.needsPart(one.credentials.map((part) => t[part as 'key' | 'secret' | 'passphrase']).join(', ')) : t.public}</span>
              </span>
              <Badge tone="ok">{one.grade === 'gold' ? t.gold : one.grade}</Badge>
            </button>
          ))}
        </div>
      </Panel>
      <Panel title={t.byFile} sub={t.byFileHint}>
        <div className={css.venues}>
          {BY_FILE.map((one) => (
            <Link key={one.name} to={`/imports?venue=${encodeURIComponent(one.name)}`} className={css.venue}>
              <Initials text={one.name} />
              <span>
                <span className="medium">{one.name}</span>
                <span className="dim">{t.kinds[one.kind]}</span>
              </span>
              <Icon name="import" size={14} />
            </Link>
          ))}
        </div>
      </Panel>
    </>
  );
}

function Connect({ connector, onBack }: { connector: ConnectorAnswer; onBack: () => void }) {
  const t = useWords(words);
  const empty: Draft = { mode: 'new', name: '', id: '', existing: '', wallets: null, since: yearStart(), baseUrl: '', settings: '' };
  const [draft, change, forget] = useDraft(`connect.${connector.name}`, empty);
  const [checked, setChecked] = useState<CheckedAnswer | null>(null);
  const accounts = connector.reads === 'accounts';
  const id = !accounts ? slug(draft.id || connector.name) : draft.mode === 'existing' ? draft.existing : draft.id || slug(draft.name);
  const put = usePutConnection(id);
  const account = useMutation({
    meta: { quiet: true },
    mutationFn: () =>
      ask(
        api.PUT('/api/v1/accounts/{id}', {
          params: { path: { id } },
          body: { id, name: draft.name.trim(), venue: connector.name, kind: kindOf(connector), wallets: draft.wallets ?? connector.wallets },
        }),
      ),
  });
  const save = async (key: KeyBody | null) => {
    try {
      if (accounts && draft.mode === 'new') await account.mutateAsync();
      const found = await put.mutateAsync({
        connector: connector.name,
        account: accounts ? id : null,
        since: `${draft.since}T00:00:00Z`,
        base_url: draft.baseUrl.trim() || null,
        enabled: true,
        settings: draft.settings.trim(),
        key,
      });
      forget();
      setChecked(found);
    } catch {
      // shown in the form
    }
  };
  if (checked) return <Connected id={id} checked={checked} onAnother={onBack} />;
  const error = account.error ?? put.error;
  return (
    <>
      <Panel title={`${connector.title}: ${t.stepAccount}`} padded>
        <AccountForm connector={connector} draft={draft} id={id} change={change} error={error} />
      </Panel>
      <Panel title={`${connector.title}: ${t.stepKey}`} padded>
        <KeyGuide connector={connector} />
        <KeyForm
          connector={connector}
          busy={account.isPending || put.isPending}
          error={error}
          onCancel={onBack}
          cancel={t.back}
          onSave={(key) => {
            if (SLUG.test(id) && (!accounts || draft.mode === 'existing' || draft.name.trim() !== '')) void save(connector.credentials.length > 0 ? key : null);
          }}
        />
      </Panel>
    </>
  );
}

interface AccountFormProps {
  connector: ConnectorAnswer;
  draft: Draft;
  id: string;
  change: (part: Partial<Draft>) => void;
  error: Error | null;
}

function AccountForm({ connector, draft, id, change, error }: AccountFormProps) {
  const t = useWords(words);
  const { data: every = [] } = useAccounts();
  const own = every.filter((one) => one.body.venue === connector.name);
  const fields = error instanceof Problem ? error.fields : new Map<string, string>();
  const idProblem = id !== '' && !SLUG.test(id) ? t.badId : fields.get('id');
  return (
    <div className={css.form}>
      {connector.reads === 'accounts' && own.length > 0 ? (
        <SegmentedControl
          value={draft.mode}
          onChange={(mode) => change({ mode: mode as Draft['mode'] })}
          data={[
            { value: 'new', label: t.newAccount },
            { value: 'existing', label: t.existing },
          ]}
        />
      ) : null}
      {connector.reads === 'prices' ? (
        <TextInput label={t.accountId} description={t.accountIdHint} value={draft.id || connector.name} onChange={(event) => change({ id: event.currentTarget.value })} error={idProblem} />
      ) : draft.mode === 'existing' && own.length > 0 ? (
        <Select label={t.account} data={own.map((one) => ({ value: one.id, label: one.body.name }))} value={draft.existing || null} onChange={(value) => change({ existing: value ?? '' })} error={draft.existing === '' ? undefined : fields.get('account')} />
      ) : (
        <>
          <TextInput label={t.accountName} description={t.accountNameHint} value={draft.name} onChange={(event) => change({ name: event.currentTarget.value })} maxLength={200} error={fields.get('name')} data-autofocus />
          <TextInput label={t.accountId} description={t.accountIdHint} value={draft.id} placeholder={slug(draft.name)} onChange={(event) => change({ id: event.currentTarget.value })} error={idProblem} />
          {connector.wallets.length === 0 ? (
            <TagsInput label={t.vaultIds} description={t.vaultIdsHint} value={draft.wallets ?? []} onChange={(wallets) => change({ wallets })} error={fields.get('wallets')} />
          ) : (
            <MultiSelect label={t.wallets} description={t.walletsHint} data={[...connector.wallets, ...connector.more_wallets]} value={draft.wallets ?? connector.wallets} onChange={(wallets) => change({ wallets })} error={fields.get('wallets')} />
          )}
        </>
      )}
      <TextInput type="date" label={t.sinceLabel} value={draft.since} onChange={(event) => change({ since: event.currentTarget.value })} error={fields.get('since')} />
      {connector.settings ? (
        <Textarea label={t.settings} description={t.settingsHint} value={draft.settings} onChange={(event) => change({ settings: event.currentTarget.value })} error={fields.get('settings')} autosize minRows={4} maxRows={16} spellCheck={false} />
      ) : null}
      <TextInput label={t.baseUrl} description={t.baseUrlHint} placeholder={connector.hosts[0]} value={draft.baseUrl} onChange={(event) => change({ baseUrl: event.currentTarget.value })} error={fields.get('base_url')} />
    </div>
  );
}

function Connected({ id, checked, onAnother }: { id: string; checked: CheckedAnswer; onAnother: () => void }) {
  const t = useWords(words);
  const gather = useGather();
  const [params] = useSearchParams();
  const job = params.get('job');
  const account = checked.connection.account;
  return (
    <Panel title={t.stepDone} sub={id} tools={<Badge tone="ok" icon="check">{t.keySaved}</Badge>}>
      {checked.check ? <Rights check={checked.check} notes={checked.notes} /> : null}
      {job ? <Gathering job={job} /> : null}
      <div className={css.actions}>
        {job ? null : (
          <Button variant="filled" loading={gather.isPending} onClick={() => gather.mutate(account ? [account] : undefined)}>
            {t.firstGather}
          </Button>
        )}
        <Button component={Link} to={{ pathname: `/connections/${id}`, search: job ? `?job=${job}` : '' }}>
          {t.toSources}
        </Button>
        <Button onClick={onAnother}>{t.another}</Button>
      </div>
      {job ? null : <p className={css.hint}>{t.firstGatherHint}</p>}
    </Panel>
  );
}
