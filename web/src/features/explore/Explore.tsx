// Every line of a fund, turned any way: shelves above, the table, a chart beside it. The address holds the setting.
import { Button } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { Suspense, lazy, useCallback, useEffect, useMemo, useState } from 'react';
import { useSearchParams } from 'react-router';
import type { ViewAnswer } from '@/api/schema';
import { toCsv } from '@/lib/csv';
import { saveBlob } from '@/lib/download';
import { useWords } from '@/lib/i18n';
import { useNodes, useView } from '@/lib/view';
import { Badge } from '@/ui/Badge';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { Empty, ErrorState, Loading } from '@/ui/States';
import { tellDone } from '@/ui/tell';
import css from './Explore.module.css';
import { PivotTable } from './PivotTable';
import { Chip, Shelves } from './Shelves';
import { SaveView, ViewList, useViews } from './Views';
import { shown as figure } from './format';
import type { Pivot } from './pivot';
import { DIMENSIONS, shapeOf, withShape, type Shape } from './shape';
import { linesOf, type Order } from './tree';
import { useBook } from './useBook';
import words, { memberName } from './words';

const SideChart = lazy(() => import('./SideChart'));

const OPEN_AT_FIRST = 3;

export default function Explore() {
  const t = useWords(words);
  const { fund } = useView();
  const nodes = useNodes();
  if (fund === null && nodes.data) {
    return (
      <Panel>
        <Empty icon="tree" title={t.noFund}>
          {t.noFundHint}
        </Empty>
      </Panel>
    );
  }
  return <Workbench fund={fund} />;
}

function Workbench({ fund }: { fund: string | null }) {
  const t = useWords(words);
  const narrow = useMediaQuery('(max-width: 1100px)');
  const [params, setParams] = useSearchParams();
  const setting = `${params}`;
  const shape = useMemo(() => shapeOf(new URLSearchParams(setting)), [setting]);
  const onShape = useCallback((next: Shape) => setParams((old) => withShape(old, next), { replace: true }), [setParams]);
  const book = useBook(fund, shape);
  const { views, current, changed, open } = useOpenView(params, setParams, shape);
  return (
    <div className={css.page}>
      <div className={css.bar}>
        <h1>{current ? current.name : t.measures[shape.value]}</h1>
        {changed ? <Badge>{t.unsaved}</Badge> : null}
        <span className="grow" />
        <Button onClick={() => void copyLink(t.copied)}>{t.shareLink}</Button>
        <SaveView setting={settingOf(shape)} view={current} onSaved={open} />
      </div>
      <div className={css.layout}>
        <aside className={css.side} aria-label={t.setUp}>
          <section>
            <h2>{t.savedViews}</h2>
            <ViewList views={views} current={current?.id ?? null} onOpen={open} />
          </section>
          <section>
            <h2>{t.dimensions}</h2>
            <div className={css.chips}>
              {DIMENSIONS.filter((one) => !shape.rows.includes(one) && !shape.columns.includes(one)).map((one) => (
                <Chip key={one} dimension={one} shape={shape} onShape={onShape} />
              ))}
            </div>
            <p className="dim">{t.hint}</p>
          </section>
        </aside>
        <Panel className={css.main}>
          <Shelves shape={shape} onShape={onShape} membersOf={book.membersOf} aside={<Stats book={book} />} />
          {book.error ? <ErrorState error={book.error} retry={book.retry} /> : book.shown ? <Table pivot={book.shown.pivot} shape={book.shown.shape} /> : <Loading rows={14} />}
        </Panel>
        {book.shown && book.shown.pivot.counted > 0 && book.shown.pivot.rows.length > 0 ? (
          <Suspense fallback={<Loading rows={6} />}>
            <div className={narrow ? undefined : css.chartSide}>
              <SideChart pivot={book.shown.pivot} />
            </div>
          </Suspense>
        ) : null}
      </div>
    </div>
  );
}

function Stats({ book }: { book: ReturnType<typeof useBook> }) {
  const t = useWords(words);
  if (!book.shown) return null;
  return (
    <span className="num" title={book.readyMs === null ? undefined : t.ready((book.readyMs / 1000).toFixed(2))} data-ready-ms={Math.round(book.readyMs ?? 0)}>
      {book.live ? t.stats(figure(book.shown.rows, 0), book.changesPerSecond, figure(book.shown.milliseconds, 0)) : t.still}
    </span>
  );
}

/** Which groups are open and where each line stands, as long as the rows are grouped the same way. */
function Table({ pivot, shape }: { pivot: Pivot; shape: Shape }) {
  const t = useWords(words);
  const grouping = `${shape.rows.join()}|${shape.value}`;
  return pivot.counted === 0 ? (
    <Empty icon="search" title={t.emptyTitle}>
      {t.empty}
    </Empty>
  ) : (
    <GroupedTable key={grouping} pivot={pivot} />
  );
}

function GroupedTable({ pivot }: { pivot: Pivot }) {
  const t = useWords(words);
  const [order] = useState<Order>(() => new Map());
  const [opened, setOpened] = useState<ReadonlySet<string>>(() => {
    const first = linesOf(pivot, new Set(), order);
    return new Set(first.length > OPEN_AT_FIRST ? first.slice(0, OPEN_AT_FIRST).map((line) => line.path) : []);
  });
  const toggle = useCallback((path: string) => {
    setOpened((old) => {
      const next = new Set(old);
      if (!next.delete(path)) next.add(path);
      return next;
    });
  }, []);
  const save = () => {
    const width = pivot.columns.length + 1;
    const everything = new Set(linesOf(pivot, { has: () => true } as unknown as ReadonlySet<string>, order).map((line) => line.path));
    const rows = linesOf(pivot, everything, order).map((line) => [
      ...pivot.rows.map((_, level) => line.path.split('\u001f')[level] ?? ''),
      ...pivot.sums.slice(line.group * width, (line.group + 1) * width),
    ]);
    const head = [...pivot.rows.map((one) => t.dims[one]), ...pivot.columns.map((one) => memberName(one, t)), t.total];
    saveBlob(new Blob([toCsv([head, ...rows])], { type: 'text/csv' }), 'explore.csv');
  };
  return (
    <>
      <PivotTable pivot={pivot} opened={opened} order={order} onToggle={toggle} />
      <Button className={css.save} size="xs" variant="subtle" color="gray" leftSection={<Icon name="download" size={13} />} onClick={save}>
        {t.export}
      </Button>
    </>
  );
}

const settingOf = (shape: Shape): Record<string, string> => ({ pivot: withShape(new URLSearchParams(), shape).toString() });

/** The view that the address names, whether the setting differs from it, and how to open another. */
function useOpenView(params: URLSearchParams, setParams: ReturnType<typeof useSearchParams>[1], shape: Shape) {
  const { data: views = [] } = useViews();
  const id = params.get('view');
  const current = views.find((one) => one.id === id) ?? null;
  const open = useCallback(
    (view: ViewAnswer) => {
      const kept = shapeOf(new URLSearchParams(String(view.body['pivot'] ?? '')));
      setParams((old) => {
        const next = withShape(old, kept);
        next.set('view', view.id);
        return next;
      });
    },
    [setParams],
  );
  // A link that names a view and no setting opens the view.
  const bare = current !== null && !params.has('rows');
  useEffect(() => {
    if (bare && current) open(current);
  }, [bare, current, open]);
  const changed = current !== null && String(current.body['pivot']) !== settingOf(shape)['pivot'];
  return { views, current, changed, open };
}

async function copyLink(told: string): Promise<void> {
  await navigator.clipboard.writeText(location.href);
  tellDone(told);
}
