// All products that hold assets.
import { useNavigate } from 'react-router';
import type { BasketDefinition } from '@/api/schema';
import { useSymbols } from '@/lib/assets';
import { useWords } from '@/lib/i18n';
import { Badge } from '@/ui/Badge';
import { type Column, DataTable } from '@/ui/DataTable';
import { ExportMenu } from '@/ui/ExportMenu';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import { useBaskets } from './data';
import { termsOf } from './now';
import words from './words';

export default function Baskets() {
  const t = useWords(words);
  const baskets = useBaskets();
  return (
    <Panel title={t.title} sub={baskets.data ? String(baskets.data.length) : undefined} tools={<ExportMenu href={(format) => `/api/v1/baskets?format=${format}`} />}>
      <Shown of={baskets} rows={4}>
        {(items) => <Table items={items} />}
      </Shown>
    </Panel>
  );
}

function Table({ items }: { items: readonly BasketDefinition[] }) {
  const t = useWords(words);
  const symbol = useSymbols();
  const navigate = useNavigate();
  const columns: readonly Column<BasketDefinition>[] = [
    { id: 'name', header: t.product, card: 'title', cell: ({ body }) => <span className="medium">{body.product.name}</span>, sortBy: ({ body }) => body.product.name },
    { id: 'id', header: 'ID', card: 'note', cell: ({ id }) => <span className="mono">{id}</span>, sortBy: ({ id }) => id },
    { id: 'node', header: t.node, cell: ({ body }) => body.node, sortBy: ({ body }) => body.node },
    { id: 'share', header: t.share, cell: ({ body }) => symbol(body.product.share) },
    { id: 'unit', header: t.unit, align: 'right', card: 'value', cell: ({ body }) => <span className="num">{termsOf(body, new Date())?.unit_size}</span> },
    { id: 'cut-off', header: t.cutOff, cell: ({ body }) => <span className="nowrap">{cutOff(termsOf(body, new Date()))}</span> },
    { id: 'disclosed', header: t.disclosed, cell: ({ body }) => (body.disclosed ? t.yes : t.no) },
    { id: 'halted', header: t.halted, card: 'aside', cell: ({ body }) => (body.halted ? <Badge tone="warn">{t.halted}</Badge> : t.no) },
  ];
  return (
    <DataTable
      label={t.title}
      columns={columns}
      rows={items}
      rowKey={({ id }) => id}
      onOpen={({ id }) => void navigate(`/baskets/${id}`)}
      empty={
        <Empty icon="orders" title={t.none}>
          {t.noneHint}
        </Empty>
      }
    />
  );
}

const cutOff = (terms: { cut_off: string; zone: string } | undefined): string => (terms ? `${terms.cut_off} ${terms.zone}` : '');
