// How the NAV came from the one before: seven parts, as a chart and as a table, adding up to the last digit.
import { SegmentedControl, Select } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useState } from 'react';
import type { NavBridge, RunAnswer } from '@/api/schema';
import { divide, fixed, measureOf, show, sign } from '@/lib/decimal';
import { useLanguage, useWords } from '@/lib/i18n';
import { day, moment } from '@/lib/time';
import { useNodes } from '@/lib/view';
import { Waterfall, type Step } from '@/ui/chart/Waterfall';
import { DataTable } from '@/ui/DataTable';
import { ExportMenu } from '@/ui/ExportMenu';
import { Change, Figure, PercentChange } from '@/ui/Figure';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import { PARTS, partValue, remainder, type Part } from './bridge';
import { useBridges } from './data';
import css from './nav.module.css';
import words from './words';

export function BridgePanel({ run }: { run: RunAnswer }) {
  const t = useWords(words);
  const language = useLanguage();
  const bridges = useBridges(run);
  const { data: nodes = [] } = useNodes();
  const [chosen, choose] = useState<string | null>(null);
  const [form, setForm] = useState('chart');
  const fund = chosen ?? run.fund;
  const bridge = bridges.data?.find((one) => one.fund === fund)?.bridge ?? null;
  const several = (bridges.data?.length ?? 0) > 1;
  return (
    <Panel
      title={bridge ? t.bridge(moment(bridge.previous_as_of, language)) : t.bridgeFirst}
      sub="USD"
      tools={
        <span className={css.tools}>
          {several ? (
            <Select
              size="xs"
              w={140}
              aria-label={t.fund}
              value={fund}
              onChange={choose}
              allowDeselect={false}
              data={[...(bridges.data ?? [])].reverse().map((one) => ({ value: one.fund, label: nodes.find((node) => node.id === one.fund)?.body.name ?? one.fund }))}
            />
          ) : null}
          {bridge ? (
            <SegmentedControl
              size="xs"
              aria-label={t.bridgeFirst}
              value={form}
              onChange={setForm}
              data={[
                { value: 'chart', label: t.chart },
                { value: 'table', label: t.table },
              ]}
            />
          ) : null}
          <ExportMenu href={(format) => `/api/v1/nav/runs/${encodeURIComponent(run.id)}/bridge?format=${format}`} />
        </span>
      }
    >
      <Shown of={bridges} rows={6} height={340}>
        {() =>
          bridge === null ? (
            <Empty icon="info" title={t.bridgeNone}>
              {t.bridgeNoneHint}
            </Empty>
          ) : form === 'chart' ? (
            <Drawn bridge={bridge} />
          ) : (
            <Listed bridge={bridge} />
          )
        }
      </Shown>
    </Panel>
  );
}

function Drawn({ bridge }: { bridge: NavBridge }) {
  const t = useWords(words);
  const language = useLanguage();
  const { places } = measureOf(bridge.closing_nav_usd);
  const wide = useMediaQuery('(min-width: 1200px)'); // beside what is to be decided, and as tall
  const moved = PARTS.filter((part) => sign(fixed(partValue(bridge, part), places)) !== 0);
  const steps: Step[] = [
    { label: [day(bridge.previous_as_of, language), t.parts.opening], value: bridge.opening_nav_usd, total: true },
    ...moved.map((part) => ({ label: t.parts[part].split(' '), value: partValue(bridge, part) })),
    { label: [t.parts.closing], value: bridge.closing_nav_usd, total: true },
  ];
  const spoken = moved.map((part) => `${t.parts[part]} ${show(partValue(bridge, part), places, { signed: true })}`).join(', ');
  return (
    <div className={css.padded}>
      <Waterfall steps={steps} places={places} height={wide ? 420 : 290} summary={`${t.bridgeSpoken}: ${spoken}`} />
      <Sum bridge={bridge} />
    </div>
  );
}

function Sum({ bridge }: { bridge: NavBridge }) {
  const t = useWords(words);
  const left = remainder(bridge);
  return (
    <>
      <p className={sign(left) === 0 ? 'dim' : 'crit'}>{sign(left) === 0 ? t.bridgeSum : t.bridgeOff(left)}</p>
      {sign(fixed(bridge.unmatched_flow_usd, 2)) === 0 ? null : <p className="warn">{t.unmatched(show(bridge.unmatched_flow_usd, 2, { signed: true }))}</p>}
    </>
  );
}

interface Row {
  readonly key: 'opening' | Part | 'closing';
  readonly value: string;
}

function Listed({ bridge }: { bridge: NavBridge }) {
  const t = useWords(words);
  const rows: Row[] = [
    { key: 'opening', value: bridge.opening_nav_usd },
    ...PARTS.map((part) => ({ key: part, value: partValue(bridge, part) })),
    { key: 'closing', value: bridge.closing_nav_usd },
  ];
  const whole = (row: Row) => row.key === 'opening' || row.key === 'closing';
  return (
    <>
      <DataTable
        label={t.bridgeFirst}
        rows={rows}
        rowKey={(row) => row.key}
        rowTone={(row) => (whole(row) ? 'total' : 'plain')}
        columns={[
          { id: 'part', header: t.part, cell: (row) => t.parts[row.key], card: 'title' },
          {
            id: 'value',
            header: t.value,
            unit: 'USD',
            align: 'right',
            cell: (row) => (whole(row) ? <Figure value={row.value} places={2} /> : <Change value={row.value} places={2} calm />),
            card: 'value',
          },
          {
            id: 'share',
            header: t.change,
            unit: '%',
            align: 'right',
            cell: (row) => (whole(row) ? null : <PercentChange value={divide(row.value, bridge.opening_nav_usd, 8)} places={4} bare calm />),
            card: 'aside',
          },
        ]}
      />
      <div className={css.padded}>
        <Sum bridge={bridge} />
      </div>
    </>
  );
}
