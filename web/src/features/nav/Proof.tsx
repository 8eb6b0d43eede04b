// What somebody without our database needs: the bundle, the key's fingerprint, and the line that checks them.
import { Button, CopyButton, Menu } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api, ask, Problem } from '@/api/client';
import type { RunAnswer } from '@/api/schema';
import { saveFile } from '@/lib/download';
import { useWords } from '@/lib/i18n';
import { useModules } from '@/lib/modules';
import { useMe } from '@/lib/session';
import { Fingerprint } from '@/ui/Fingerprint';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import css from './nav.module.css';
import words from './words';

const LANGUAGES = ['en', 'zh', 'both'] as const;

export function Proof({ run }: { run: RunAnswer }) {
  const t = useWords(words);
  const on = useModules();
  const hidden = useMe().masks.length > 0;
  const key = useQuery({
    queryKey: ['nav', 'signing-key'],
    enabled: run.bundle_sha !== null,
    retry: (count, error) => !(error instanceof Problem && error.status === 404) && count < 2,
    queryFn: () => ask(api.GET('/api/v1/nav/signing-key')),
  });
  const address = `/api/v1/nav/runs/${encodeURIComponent(run.id)}`;
  const line = `truenav verify ${run.id}.zip --key ${key.data?.public_key ?? 'KEY'}`;
  return (
    <Panel title={t.proof} tools={on('statements') ? <Statement address={address} /> : null} padded>
      {run.bundle_sha === null ? (
        <p className="dim">{t.bundleAfter}</p>
      ) : (
        <div className={css.decision}>
          <div className={css.proofRow}>
            <Fingerprint hash={run.bundle_sha} width={56} />
            <span>
              <span className="medium">{t.bundle}</span>
              <span className="dim">{hidden ? t.bundleHidden : t.bundleHint}</span>
            </span>
            <Button size="xs" disabled={hidden} leftSection={<Icon name="download" size={13} />} onClick={() => void saveFile(`${address}/bundle`)} aria-label={`${t.download}: ${t.bundle}`}>
              {t.download}
            </Button>
          </div>
          {key.data ? (
            <div className={css.proofRow}>
              <Fingerprint hash={key.data.fingerprint} width={56} />
              <span>
                <span className="medium">{t.key}</span>
                <span className="mono dim">{key.data.fingerprint.slice(0, 16)}</span>
              </span>
            </div>
          ) : null}
          <div className={css.bytes}>
            <p>
              <span className="dim">{t.verify}</span>
              <span className="grow" />
              <CopyButton value={line}>
                {({ copied, copy }) => (
                  <button type="button" className="link" onClick={copy}>
                    {copied ? t.copied : t.copy}
                  </button>
                )}
              </CopyButton>
            </p>
            <p className={`mono ${css.hash}`}>{line}</p>
          </div>
        </div>
      )}
    </Panel>
  );
}

function Statement({ address }: { address: string }) {
  const t = useWords(words);
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button size="xs" variant="subtle" color="gray" leftSection={<Icon name="download" size={13} />} title={t.statementHint}>
          {t.statement}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {LANGUAGES.map((language) => (
          <Menu.Item key={language} onClick={() => void saveFile(`${address}/statement?language=${language}`)}>
            {t.languages[language]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
