import { useState } from 'react';
import type { TemplateAnswer } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { Badge } from '@/ui/Badge';
import { DataTable } from '@/ui/DataTable';
import { Drawer } from '@/ui/Drawer';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import css from './Imports.module.css';
import words from './words';

/** What can be brought by file, column by column, each with an empty file to fill in. */
export function Templates({ templates }: { templates: readonly TemplateAnswer[] }) {
  const t = useWords(words);
  const [opened, setOpened] = useState<string | null>(null);
  const chosen = templates.find((one) => one.name === opened);
  return (
    <>
      <Panel title={t.templates} sub={t.templatesSub}>
        <DataTable
          label={t.templates}
          rows={templates}
          rowKey={(one) => one.name}
          selected={opened}
          onOpen={(one) => setOpened(one.name)}
          columns={[
            { id: 'name', header: t.template, cell: (one) => <span className="mono">{one.name}.csv</span>, card: 'title' },
            { id: 'holds', header: t.holds, cell: (one) => <span className="ink2">{t.meanings[one.name] ?? one.meaning}</span>, card: 'note' },
            { id: 'columns', header: t.columns, align: 'right', cell: (one) => String(one.columns.length), card: 'none' },
            {
              id: 'file',
              header: '',
              align: 'right',
              card: 'value',
              cell: (one) => (
                <a className={`link ${css.download}`} href={`/api/v1/imports/templates/${one.name}.csv`} download onClick={(event) => event.stopPropagation()} aria-label={`${t.download}: ${one.name}`}>
                  <Icon name="download" size={13} />
                  {t.download}
                </a>
              ),
            },
          ]}
        />
      </Panel>
      <Drawer opened={chosen !== undefined} title={<span className="mono">{chosen?.name}.csv</span>} onClose={() => setOpened(null)}>
        <p className="ink2">{chosen ? (t.meanings[chosen.name] ?? chosen.meaning) : null}</p>
        <dl className={css.columns}>
          {chosen?.columns.map((column) => (
            <div key={column.name}>
              <dt className="mono">
                {column.name} {column.required ? <Badge>{t.required}</Badge> : null}
              </dt>
              <dd className="ink2">
                {column.meaning}
                {column.choices.length > 0 ? `; ${t.oneOf(column.choices.join(', '))}` : ''}
                {column.default ? `; ${t.byDefault(column.default)}` : ''}
              </dd>
            </div>
          ))}
        </dl>
      </Drawer>
    </>
  );
}
