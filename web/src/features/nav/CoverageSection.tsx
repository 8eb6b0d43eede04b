// How well the value is known, fund by fund, and everything that is missing with its mend.
import type { RunAnswer } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { moment } from '@/lib/time';
import { useNodes } from '@/lib/view';
import { Badge } from '@/ui/Badge';
import { COVERAGE_PARTS, CoverageKey, CoverageMeter } from '@/ui/Coverage';
import { DataTable, type Column } from '@/ui/DataTable';
import { ExportMenu } from '@/ui/ExportMenu';
import { Percent } from '@/ui/Figure';
import { Finding, Mend } from '@/ui/Finding';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import type { FundCoverage } from '@/api/schema';
import { useCoverage } from './data';
import css from './nav.module.css';
import words from './words';

export function CoverageSection({ run }: { run: RunAnswer }) {
  const t = useWords(words);
  const language = useLanguage();
  const { data: nodes = [] } = useNodes();
  const nodeName = (id: string) => nodes.find((one) => one.id === id)?.body.name ?? id;
  const address = `/api/v1/nav/runs/${encodeURIComponent(run.id)}/coverage`;
  const columns: Column<FundCoverage>[] = [
    { id: 'fund', header: t.fund, cell: (one) => <span className="medium">{nodeName(one.fund)}</span>, card: 'title' },
    { id: 'meter', header: '', width: 160, cell: (one) => <CoverageMeter coverage={one.coverage} />, card: 'note' },
    ...COVERAGE_PARTS.map(
      (part): Column<FundCoverage> => ({
        id: part,
        header: (
          <span className={css.source}>
            <CoverageKey part={part} />
            {t.covers[part]}
          </span>
        ),
        unit: '%',
        align: 'right',
        cell: (one) => <Percent value={one.coverage[part]} />,
        card: 'line',
      }),
    ),
  ];
  return (
    <Shown of={useCoverage(run)} rows={6}>
      {(found) => (
        <>
          <Panel title={t.tabs.coverage} sub={t.fundCoverage} tools={<ExportMenu href={(format) => `${address}?format=${format}`} />}>
            <DataTable
              label={t.tabs.coverage}
              columns={columns}
              rows={[...found.funds.slice(0, -1), { fund: run.fund, coverage: found.coverage }]}
              rowKey={(one) => one.fund}
              rowTone={(one) => (one.fund === run.fund ? 'total' : 'plain')}
            />
          </Panel>
          <Panel title={t.missingTitle} sub={found.failures.length > 0 ? String(found.failures.length) : undefined}>
            <DataTable
              label={t.missingTitle}
              rows={found.failures}
              rowKey={(one) => `${one.kind} ${one.subject} ${one.message}`}
              empty={
                <Empty icon="check" title={t.nothingMissingTitle}>
                  {t.nothingMissingHint}
                </Empty>
              }
              columns={[
                { id: 'blocks', header: '', width: 70, cell: (one) => <Badge tone={one.blocking === false ? 'plain' : 'crit'}>{one.blocking === false ? t.noteWord : t.blockingWord}</Badge>, card: 'aside' },
                { id: 'what', header: t.what, cell: (one) => <Finding kind={one.kind} subject={one.subject} message={one.message} />, card: 'title' },
                { id: 'mend', header: t.mend, cell: (one) => <Mend kind={one.kind} mend={one.mend} />, card: 'note' },
                { id: 'since', header: t.since, cell: (one) => (one.since_at ? moment(one.since_at, language) : null), card: 'none' },
              ]}
            />
          </Panel>
        </>
      )}
    </Shown>
  );
}
