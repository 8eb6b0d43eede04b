// Every share class of the run's funds with its NAV per unit, and the fund in every numeraire.
import { Select } from '@mantine/core';
import { useState } from 'react';
import type { RunAnswer, RunFigures } from '@/api/schema';
import { fixed, isDecimal, measureOf, sign, thinGroups } from '@/lib/decimal';
import { useWords } from '@/lib/i18n';
import { useNodes, useView } from '@/lib/view';
import { DataTable } from '@/ui/DataTable';
import { ExportMenu } from '@/ui/ExportMenu';
import { Figure, NotApplicable, Unknown } from '@/ui/Figure';
import { Panel } from '@/ui/Panel';
import { Empty } from '@/ui/States';
import css from './nav.module.css';
import words from './words';

export function Classes({ run, figures }: { run: RunAnswer; figures: RunFigures }) {
  const t = useWords(words);
  const { numeraire } = useView();
  const { data: nodes = [] } = useNodes();
  const [chosen, choose] = useState(run.fund);
  const nodeName = (id: string) => nodes.find((one) => one.id === id)?.body.name ?? id;
  const label = (subject: string) => figures.labels.find((one) => one.subject === subject)?.label ?? subject;
  const fund = figures.funds.find((one) => one.fund === chosen) ?? figures.funds.at(-1);
  if (!fund) return null;
  const classes = fund.classes;
  const code = fund.numeraires.some((one) => one.code === numeraire) ? numeraire : 'USD';
  return (
    <div className={css.columns}>
      <Panel
        title={t.classesTitle}
        tools={
          <span className={css.tools}>
            <Select size="xs" w={190} aria-label={t.fund} value={fund.fund} onChange={(value) => choose(value ?? run.fund)} allowDeselect={false} data={[...figures.funds].reverse().map((one) => ({ value: one.fund, label: nodeName(one.fund) }))} />
            <ExportMenu href={(format) => `/api/v1/nav/runs/${encodeURIComponent(run.id)}/classes?format=${format}`} />
          </span>
        }
      >
        <DataTable
          label={t.classesTitle}
          rows={classes}
          rowKey={(one) => one.share_class}
          empty={<Empty title={t.noClasses} />}
          columns={[
            { id: 'class', header: t.class, cell: (one) => <span className="medium">{label(one.share_class)}</span>, card: 'title' },
            { id: 'units', header: t.units, align: 'right', cell: (one) => <Figure value={one.units} places={4} />, sortBy: (one) => one.units, card: 'line' },
            { id: 'currency', header: t.currency, cell: (one) => label(one.currency), card: 'none' },
            { id: 'per', header: t.perUnit, align: 'right', cell: (one) => <PerUnit value={one.nav_per_unit_currency} unit={label(one.currency)} empty={sign(one.units) === 0} />, card: 'value' },
            { id: 'perIn', header: t.perUnit, unit: code, align: 'right', cell: (one) => <PerUnit value={one.numeraires.find((other) => other.code === code)?.nav_per_unit ?? null} empty={sign(one.units) === 0} />, card: 'line' },
            { id: 'nav', header: t.nav, unit: 'USD', align: 'right', cell: (one) => <Figure value={one.nav_usd} places={2} />, sortBy: (one) => one.nav_usd, card: 'line' },
            { id: 'fee', header: t.accruedFee, unit: 'USD', align: 'right', cell: (one) => <Figure value={one.accrued_fee_usd} places={2} />, card: 'line' },
          ]}
        />
      </Panel>
      <Panel title={t.numeraires} sub={nodeName(fund.fund)}>
        <DataTable
          label={t.numeraires}
          rows={fund.numeraires}
          rowKey={(one) => one.code}
          columns={[
            { id: 'code', header: t.numeraire, cell: (one) => <span className="medium">{one.code}</span>, card: 'title' },
            { id: 'nav', header: t.nav, align: 'right', cell: (one) => <Figure value={one.nav} places={Math.max(2, measureOf(one.nav).places)} reason={t.priceUnknown} />, card: 'value' },
          ]}
        />
      </Panel>
    </div>
  );
}

/** Six places, a thin space after three. A class without units has no NAV per unit, which is not unknown. */
function PerUnit({ value, unit, empty }: { value: string | null; unit?: string; empty: boolean }) {
  if (value === null) return empty ? <NotApplicable /> : <Unknown />;
  if (!isDecimal(value)) return <Figure value={value} />;
  const [whole = '', part = ''] = fixed(value, 6).split('.');
  return (
    <span className="num medium">
      {thinGroups(`${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${part}`)}
      {unit ? <span className="dim"> {unit}</span> : null}
    </span>
  );
}
