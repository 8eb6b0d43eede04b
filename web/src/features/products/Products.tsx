// All products that are run here, with where they stand.
import { useNavigate } from 'react-router';
import type { ProductRow } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { full, moment } from '@/lib/time';
import { type Column, DataTable } from '@/ui/DataTable';
import { ExportMenu } from '@/ui/ExportMenu';
import { Figure, PercentChange, Unknown } from '@/ui/Figure';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import { ExplainLinks } from './analysis/ExplainLinks';
import { useListed } from './analysis/data';
import { NewProduct } from './listing/NewProduct';
import words from './words';

export default function Products() {
  const t = useWords(words);
  const products = useListed();
  return (
    <Panel title={t.products} sub={products.data ? String(products.data.length) : undefined} tools={
        <>
          <NewProduct />
          <ExplainLinks />
          <ExportMenu href={(format) => `/api/v1/product-states?format=${format}`} />
        </>
      }>
      <Shown of={products} rows={6}>
        {(items) => <Table items={items} />}
      </Shown>
    </Panel>
  );
}

function Table({ items }: { items: readonly ProductRow[] }) {
  const t = useWords(words);
  const language = useLanguage();
  const navigate = useNavigate();
  const columns: readonly Column<ProductRow>[] = [
    { id: 'product', header: t.product, card: 'title', cell: (row) => <span className="medium">{row.product}</span>, sortBy: (row) => row.product },
    { id: 'issuer', header: t.issuer, card: 'note', cell: (row) => row.issuer, sortBy: (row) => row.issuer },
    { id: 'target', header: t.target, align: 'right', cell: (row) => <Figure value={row.target} places={2} unit="×" />, sortBy: (row) => row.target },
    { id: 'leverage', header: t.leverage, align: 'right', cell: (row) => <Figure value={row.leverage} places={3} unit="×" reason={t.nothingYet} />, sortBy: (row) => row.leverage },
    { id: 'nav', header: t.nav, align: 'right', card: 'value', cell: (row) => <Figure value={row.nav} places={6} unit={row.quote} reason={t.nothingYet} />, sortBy: (row) => row.nav },
    { id: 'net_assets', header: t.netAssets, align: 'right', cell: (row) => <Figure value={row.net_assets} places={2} unit={row.quote} reason={t.nothingYet} />, sortBy: (row) => row.net_assets },
    { id: 'hedge', header: t.hedgeDifference, unit: '%', align: 'right', cell: (row) => <PercentChange value={row.hedge_difference} places={3} reason={t.nothingHedged} />, sortBy: (row) => row.hedge_difference },
    { id: 'price', header: t.price, align: 'right', cell: (row) => <Figure value={row.price} places={2} unit={row.quote} reason={t.nothingYet} />, sortBy: (row) => row.price },
    { id: 'as_of', header: t.asOf, unit: 'UTC', cell: (row) => (row.as_of ? <span className="num" title={full(row.as_of)}>{moment(row.as_of, language)}</span> : <Unknown reason={t.nothingYet} />) },
    { id: 'standing', header: t.standing, card: 'aside', cell: (row) => <span className={row.standing === 'ruined' ? 'crit' : row.halts.length > 0 ? 'warn' : 'ink2'}>{row.halts.length > 0 && row.standing === 'running' ? `${t.halted}: ${row.halts.map((cause) => t.halts[cause]).join(', ')}` : t[row.standing]}</span> },
  ];
  return (
    <DataTable
      label={t.products}
      columns={columns}
      rows={items}
      rowKey={(row) => row.id}
      onOpen={(row) => void navigate(`/products/${row.id}`)}
      empty={
        <Empty icon="price" title={t.none}>
          {t.noneHint}
        </Empty>
      }
    />
  );
}
