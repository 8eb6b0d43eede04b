// Rule sets on one history: of a file, of what a product here has seen, or described.
import { FileInput, SegmentedControl, Select, Switch, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { Replays } from '@/api/schema';
import { useDraft } from '@/lib/draft';
import { useWords } from '@/lib/i18n';
import { Form } from '@/ui/Form';
import { Panel } from '@/ui/Panel';
import { Empty, Loading } from '@/ui/States';
import { saidOf } from '@/ui/tell';
import css from './Analysis.module.css';
import { MarketForm } from './MarketForm';
import { Results, useChosen } from './Results';
import { RuleSets, textFor } from './RuleSets';
import { CALM, describedOf, mannerOf, placeOf, replay, replayFiles, useListed, type Files, type Market } from './data';
import { instantOf } from './instants';
import words from './words';

type Source = 'file' | 'seen' | 'described';

interface Draft {
  readonly rules: readonly string[];
  readonly text: string;
  readonly source: Source;
  readonly market: Market;
  readonly zone: string;
  readonly symbol: string;
  readonly listing: string | null;
  readonly from: string;
  readonly to: string;
  readonly lastRules: boolean;
  readonly continuous: boolean;
}

const FIRST: Draft = {
  rules: ['hbtc:BTC3L', 'huobi:BTC*3', 'gate-3x:BTC3L', 'ftx:BULL'],
  text: '',
  source: 'file',
  market: CALM,
  zone: '',
  symbol: '',
  listing: null,
  from: '',
  to: '',
  lastRules: true,
  continuous: false,
};

const NO_FILES: Files = { prices: null, funding: null, rolls: null };

const MOST_BYTES = 32 * 1024 * 1024; // of all files together

export default function Compare() {
  const t = useWords(words);
  const [draft, change] = useDraft('products.compare', FIRST);
  const [files, setFiles] = useState(NO_FILES);
  const compared = useMutation({ meta: { quiet: true }, mutationFn: () => asked(draft, files) });
  const [chosen, choose] = useChosen(compared.data);
  const place = placeOf(compared.error);
  const said = compared.error ? saidOf(compared.error) : undefined;
  const wrong = missing(draft, files);
  return (
    <div className={css.page}>
      <div className={css.controls}>
        <Panel title={t.compare} padded>
          <Form verb={t.run} busy={compared.isPending} ready={draft.rules.length > 0 && wrong === null} error={place === 'other' ? compared.error : null} onSubmit={() => compared.mutate()} noValidate>
            <RuleSets chosen={draft.rules} onChoose={(rules) => change({ rules })} text={draft.text} onType={(text) => change({ text })} error={place === 'rules' ? said : undefined} />
            <SegmentedControl
              size="xs"
              aria-label={t.source}
              value={draft.source}
              onChange={(source) => change({ source: source as Source })}
              data={(['file', 'seen', 'described'] as const).map((value) => ({ value, label: t.sources[value] }))}
            />
            {draft.source === 'file' ? (
              <FileFields files={files} onChange={(part) => setFiles({ ...files, ...part })} error={place === 'prices' ? said : undefined} />
            ) : null}
            {draft.source === 'seen' ? <Listed value={draft.listing} onChange={(listing) => change({ listing })} error={place === 'prices' ? said : undefined} /> : null}
            {draft.source === 'described' ? <MarketForm market={draft.market} onChange={(part) => change({ market: { ...draft.market, ...part } })} error={place === 'prices' ? said : undefined} /> : null}
            {draft.source === 'file' ? (
              <div className={css.pair}>
                <TextInput label={t.zone} placeholder="UTC" value={draft.zone} onChange={(event) => change({ zone: event.currentTarget.value })} />
                <TextInput label={t.symbol} placeholder={t.symbolHint} value={draft.symbol} onChange={(event) => change({ symbol: event.currentTarget.value })} />
              </div>
            ) : null}
            {draft.source === 'described' ? null : (
              <div className={css.lines}>
                <TextInput type="datetime-local" label={t.from} value={draft.from} onChange={(event) => change({ from: event.currentTarget.value })} />
                <TextInput type="datetime-local" label={t.to} value={draft.to} onChange={(event) => change({ to: event.currentTarget.value })} />
              </div>
            )}
            <Switch label={t.lastRules} checked={draft.lastRules} onChange={(event) => change({ lastRules: event.currentTarget.checked })} />
            <Switch label={t.continuous} checked={draft.continuous} onChange={(event) => change({ continuous: event.currentTarget.checked })} />
            {wrong === null ? null : <p className="dim">{t[wrong]}</p>}
          </Form>
        </Panel>
      </div>
      <div className={css.answers} aria-busy={compared.isPending}>
        {compared.isPending ? (
          <Loading rows={12} />
        ) : compared.data ? (
          <Results data={compared.data} chosen={chosen} onChoose={choose} />
        ) : (
          <Panel>
            <Empty icon="price" title={t.nothingYet}>
              {t.nothingYetHint}
            </Empty>
          </Panel>
        )}
      </div>
    </div>
  );
}

/** Where a price file has no rates or rolls beside the prices, they have files of their own. */
function FileFields({ files, onChange, error }: { files: Files; onChange: (part: Partial<Files>) => void; error: string | undefined }) {
  const t = useWords(words);
  const every = [
    { name: 'prices', label: t.source, description: t.fileHint, placeholder: t.file, error },
    { name: 'funding', label: t.funding, description: t.fundingHint, placeholder: t.optional },
    { name: 'rolls', label: t.rolls, description: t.rollsHint, placeholder: t.optional },
  ] as const;
  return every.map(({ name, ...field }) => (
    <FileInput key={name} {...field} value={files[name]} onChange={(file) => onChange({ [name]: file })} accept=".csv,.parquet" clearable clearButtonProps={{ 'aria-label': t.noFileAgain }} />
  ));
}

function Listed({ value, onChange, error }: { value: string | null; onChange: (listing: string | null) => void; error: string | undefined }) {
  const t = useWords(words);
  const listed = useListed();
  return <Select label={t.product} value={value} onChange={onChange} data={(listed.data ?? []).map((one) => ({ value: one.id, label: one.product }))} error={error} searchable />;
}

/** What is still to be said before it can be asked. */
function missing(draft: Draft, files: Files): 'noFile' | 'noListing' | 'noSpan' | 'file' | null {
  if (draft.source === 'file') return files.prices === null ? 'noFile' : bytesOf(files) > MOST_BYTES ? 'file' : null;
  if (draft.source === 'described') return null;
  return draft.listing === null ? 'noListing' : instantOf(draft.from) && instantOf(draft.to) ? null : 'noSpan';
}

const bytesOf = ({ prices, funding, rolls }: Files): number => [prices, funding, rolls].reduce((sum, file) => sum + (file?.size ?? 0), 0);

function asked(draft: Draft, files: Files): Promise<Replays> {
  const rules = [...draft.rules];
  const text = textFor(draft.rules, draft.text);
  const manner = mannerOf(600, draft);
  if (draft.source === 'described') return replay({ rules, text, manner, history: describedOf(draft.market) });
  const [start, end] = [instantOf(draft.from), instantOf(draft.to)];
  if (draft.source === 'seen') {
    return replay({ rules, text, manner, history: { is: 'seen', listing: draft.listing ?? '', since: start ?? '', until: end ?? '' } });
  }
  return replayFiles(files, { rules, text, manner, reading: { zone: draft.zone.trim() || null, symbol: draft.symbol.trim() || null, start, end } });
}
