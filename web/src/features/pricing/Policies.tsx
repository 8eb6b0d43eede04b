import { Button, Menu } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask } from '@/api/client';
import type { PricingPolicyDefinition } from '@/api/schema';
import { useSymbols } from '@/lib/assets';
import { shift, show } from '@/lib/decimal';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { age, moment } from '@/lib/time';
import { DataTable, type Column } from '@/ui/DataTable';
import { ExportMenu } from '@/ui/ExportMenu';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import { PolicyEditor } from './PolicyEditor';
import css from './Pricing.module.css';
import type { Rule, Source } from './policy';
import words from './words';

/** The pricing policies with all their versions; a change is a new version. */
export function Policies() {
  const t = useWords(words);
  const policies = useQuery({ queryKey: ['policies'], queryFn: () => ask(api.GET('/api/v1/pricing-policies', { params: { query: { limit: 100 } } })) });
  return (
    <Shown of={policies}>
      {({ items }) =>
        items.length === 0 ? (
          <Panel>
            <Empty icon="price" title={t.noPolicies} />
          </Panel>
        ) : (
          <>
            {items.map((one) => (
              <Policy key={one.id} newest={one} />
            ))}
          </>
        )
      }
    </Shown>
  );
}

function Policy({ newest }: { newest: PricingPolicyDefinition }) {
  const t = useWords(words);
  const language = useLanguage();
  const can = useCan();
  const symbol = useSymbols();
  const [version, setVersion] = useState<number | null>(null);
  const [editing, setEditing] = useState(false);
  const history = useQuery({
    queryKey: ['policies', newest.id, newest.version],
    queryFn: () => ask(api.GET('/api/v1/history/pricing-policies/{id}', { params: { path: { id: newest.id }, query: { limit: 500 } } })),
  });
  const shown = history.data?.items.find((one) => one.version === version) ?? newest;
  const source = (one: Source) => `${one.source === '@venue' ? t.ownVenue : one.source} ${one.kind}, ${one.quote === '@quote' ? t.ownQuote : symbol(one.quote)}${one.inverted ? ` (${t.inverted})` : ''}`;
  const columns: Column<Rule & { place: number }>[] = [
    { id: 'rule', header: t.rule, cell: (one) => <span className="medium">{one.applies_to === '*' ? t.everything : one.applies_to.startsWith('asset:') ? symbol(one.applies_to.slice(6)) : one.applies_to}</span>, card: 'title' },
    { id: 'waterfall', header: t.waterfall, cell: (one) => <span className={css.waterfall}>{one.waterfall.map(source).join(' → ')}</span>, card: 'line' },
    { id: 'stale', header: t.staleAfter, align: 'right', cell: (one) => age(one.stale_after_seconds, language), card: 'value' },
    { id: 'unusable', header: t.unusableAfter, align: 'right', cell: (one) => age(one.unusable_after_seconds, language), card: 'aside' },
    {
      id: 'blend',
      header: t.blend,
      cell: (one) => <span className="dim">{one.index ? t.blended(one.last_weight ?? '1', one.index, show(shift(one.clamp ?? '0', 2), 1)) : t.noBlend}</span>,
      card: 'line',
    },
  ];
  return (
    <>
      <Panel
        title={newest.id}
        sub={`${t.version(shown.version)} · ${t.by(shown.changed_by, moment(shown.changed_at, language))}`}
        tools={
          <span className={css.tools}>
            <Menu>
              <Menu.Target>
                <Button size="xs" rightSection={<Icon name="down" size={11} />}>
                  {t.versions}
                </Button>
              </Menu.Target>
              <Menu.Dropdown mah={360} style={{ overflowY: 'auto' }}>
                {[...(history.data?.items ?? [])].reverse().map((one) => (
                  <Menu.Item key={one.version} onClick={() => setVersion(one.version)} fw={one.version === shown.version ? 600 : undefined}>
                    {t.version(one.version)} <span className="dim">{t.by(one.changed_by, moment(one.changed_at, language))}</span>
                  </Menu.Item>
                ))}
              </Menu.Dropdown>
            </Menu>
            <ExportMenu href={(format) => `/api/v1/history/pricing-policies/${encodeURIComponent(newest.id)}?format=${format}`} />
            {can('policy:write') ? (
              <Button size="xs" variant="filled" onClick={() => setEditing(true)}>
                {t.edit}
              </Button>
            ) : null}
          </span>
        }
      >
        <DataTable label={newest.id} columns={columns} rows={shown.body.rules.map((rule, place) => ({ ...rule, place }))} rowKey={(one) => String(one.place)} />
      </Panel>
      <PolicyEditor policy={editing ? newest : null} onClose={() => setEditing(false)} />
    </>
  );
}
