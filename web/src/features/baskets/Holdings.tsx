// What the product holds now, and what of that is doubtful.
import type { HoldingsView } from '@/api/schema';
import { useSymbols } from '@/lib/assets';
import { useWords } from '@/lib/i18n';
import { type Column, DataTable } from '@/ui/DataTable';
import { Facts } from '@/ui/Facts';
import { Figure } from '@/ui/Figure';
import css from './Baskets.module.css';
import words from './words';

type Held = HoldingsView['holdings']['assets'][number];

export function HeldTable({ view }: { view: HoldingsView }) {
  const t = useWords(words);
  const symbol = useSymbols();
  const { assets, cash, quote } = view.holdings;
  const columns: readonly Column<Held>[] = [
    { id: 'asset', header: t.asset, card: 'title', cell: (one) => <span className="medium">{symbol(one.asset)}</span>, sortBy: (one) => one.asset },
    { id: 'place', header: t.place, card: 'note', cell: (one) => one.place, sortBy: (one) => one.place ?? '' },
    { id: 'held', header: t.held, align: 'right', card: 'value', cell: (one) => <Figure value={one.quantity} places={6} />, sortBy: (one) => one.quantity },
    { id: 'fee', header: t.fee, align: 'right', cell: (one) => <Figure value={one.accrued_fee} places={8} /> },
    { id: 'owed', header: t.owed, align: 'right', cell: (one) => <Figure value={one.expenses} places={6} /> },
    { id: 'price', header: t.price, unit: symbol(quote), align: 'right', cell: (one) => <Figure value={view.prices[one.asset]} places={2} reason={t.noPrice} /> },
  ];
  return (
    <>
      <DataTable label={t.holdings} columns={columns} rows={assets} rowKey={(one, index) => `${one.asset} ${index}`} />
      <Facts className={css.foot}>
        <dt>{`${t.cash}, ${symbol(quote)}`}</dt>
        <dd>
          <Figure value={cash} places={2} />
        </dd>
      </Facts>
      {view.failures.length > 0 ? (
        <ul className={css.doubts} aria-label={t.doubtful}>
          {view.failures.map((failure) => (
            <li key={`${failure.subject} ${failure.message}`}>
              <span className="warn">{failure.message}</span> {failure.mend}
            </li>
          ))}
        </ul>
      ) : null}
    </>
  );
}
