// One node of the tree: its figures, what lies below, and every line down to the position with its evidence.
import { useParams, useSearchParams, Link } from 'react-router';
import type { NodeDefinition, Row, TreeAnswer } from '@/api/schema';
import { measureOf, shift, show } from '@/lib/decimal';
import { useWords } from '@/lib/i18n';
import { useNodes, useSeesWhole, useView } from '@/lib/view';
import { useTree } from '@/features/overview/data';
import { reasonOf, type Measure } from '@/features/overview/reasons';
import { TreeTable } from '@/features/overview/TreeTable';
import overviewWords from '@/features/overview/words';
import { Badge } from '@/ui/Badge';
import { CoverageMeter, observedShare } from '@/ui/Coverage';
import { Change, Figure, PercentChange, Unknown } from '@/ui/Figure';
import { Icon } from '@/ui/Icon';
import { ErrorState, Loading, Shown, State } from '@/ui/States';
import uiWords from '@/ui/words';
import { useLines, usePlace, useTopsOfParts, type Place } from './data';
import { LineDrawer } from './LineDrawer';
import { lineKey } from './lines';
import { LinesPanel } from './LinesPanel';
import css from './NodePage.module.css';
import words from './words';

export default function NodePage() {
  const { node } = useParams();
  const ui = useWords(uiWords);
  const nodes = useNodes();
  const place = usePlace(node);
  const tops = useTopsOfParts();
  const whole = useSeesWhole();
  const { numeraire, moment } = useView();
  const tree = useTree(place?.fund ?? null, numeraire, moment);
  const lines = useLines(place, numeraire, moment);
  const [params, setParams] = useSearchParams();
  const chosen = params.get('line');
  const choose = (key: string | null) =>
    setParams((old) => {
      const next = new URLSearchParams(old);
      if (key === null) next.delete('line');
      else next.set('line', key);
      return next;
    });

  if (nodes.isPending) return <Loading rows={10} />;
  if (nodes.error && !place) return <ErrorState error={nodes.error} retry={() => void nodes.refetch()} />;
  if (!place && node === undefined && tops.length > 0) return tops.map((top) => <Part key={top.id} top={top} />);
  if (!place) return <State icon="search" title={ui.notFound} />;
  if (!whole(place.node)) return place.path.slice(0, 1).map((top) => <Part key={top.id} top={top} />);
  const row = tree.data?.tree.find((one) => one.node === place.node);
  const measure = measureOf(row?.nav);
  const open = lines.data?.lines.find((line) => lineKey(line) === chosen) ?? null;
  return (
    <div className={css.page}>
      <Head place={place} row={row} numeraire={tree.data?.numeraire ?? numeraire} measure={measure} />
      {tree.error && !tree.data ? <ErrorState error={tree.error} retry={() => void tree.refetch()} /> : null}
      {tree.data && row ? <Below data={tree.data} row={row} measure={measure} /> : null}
      <LinesPanel place={place} lines={lines} total={row?.nav ?? null} measure={measure} chosen={chosen} onChoose={choose} />
      <LineDrawer line={open} numeraire={lines.data?.numeraire ?? numeraire} measure={measure} onClose={() => choose(null)} />
    </div>
  );
}

/** The parts of a fund that somebody sees who does not see it whole. */
function Part({ top }: { top: NodeDefinition }) {
  const { numeraire, moment } = useView();
  return (
    <div className={css.part}>
      <Shown of={useTree(top.id, numeraire, moment)} rows={6}>
        {(data) => <TreeTable title={top.body.name} data={{ ...data, tree: fromTop(data.tree) }} measure={measureOf(data.tree[0]?.nav)} />}
      </Shown>
    </div>
  );
}

/** Rows whose own parents are not among them stand on top. */
function fromTop(rows: readonly Row[]): Row[] {
  const depths = new Map<string | null, number>();
  return rows.map((row) => {
    const depth = (depths.get(row.parent) ?? -1) + 1;
    depths.set(row.node, depth);
    return { ...row, depth };
  });
}

function Head({ place, row, numeraire, measure }: { place: Place; row: Row | undefined; numeraire: string; measure: Measure }) {
  const t = useWords(words);
  const whole = useSeesWhole();
  const reasons = useWords(overviewWords).reason;
  const reason = (field: string) => (row ? reasonOf(row.missing, field, reasons) : null);
  const here = place.path.at(-1);
  const exposurePlaces = measure.scale ? 1 : measure.places;
  return (
    <header className={css.head}>
      <nav className={css.path} aria-label={t.path}>
        {place.path.slice(0, -1).map((one) => (
          <span key={one.id}>
            {whole(one.id) ? (
              <Link to={{ pathname: `/portfolio/${one.id}`, search: location.search }} className="link">
                {one.body.name}
              </Link>
            ) : (
              <span className="dim">{one.body.name}</span>
            )}
            <Icon name="right" size={11} />
          </span>
        ))}
      </nav>
      <div className={css.titleLine}>
        <h1>{here?.body.name}</h1>
        {here ? <Badge>{t.nodeKind[here.body.kind] ?? here.body.kind}</Badge> : null}
      </div>
      {row ? (
        <dl className={css.figures}>
          <Item name={`${isFund(row) ? t.nav : t.value} ${numeraire}`} big>
            <Figure value={row.nav} places={measure.places} provisional reason={reason('nav')} />
          </Item>
          <Item name={t.change} title={t.sincePublished}>
            <Change value={row.change} places={measure.places} reason={reason('change')} />{' '}
            <PercentChange value={row.change_share} places={2} unit="%" bare reason={reason('change')} />
          </Item>
          <Item name={t.intraday}>
            <Change value={row.intraday} places={measure.places} reason={reason('intraday')} />
          </Item>
          <Item name={t.gross}>
            <Figure value={row.gross} places={exposurePlaces} scale={measure.scale} unit={measure.letter} reason={reason('gross')} />
          </Item>
          <Item name={t.net}>
            <Figure value={row.net} places={exposurePlaces} scale={measure.scale} unit={measure.letter} reason={reason('net')} />
          </Item>
          <Item name={t.leverage}>
            <Figure value={row.leverage} places={2} unit="×" reason={reason('leverage')} />
          </Item>
          <Item name={t.coverage}>
            {row.coverage ? (
              <span className={css.covered}>
                <CoverageMeter coverage={row.coverage} />
                <span className="num">{show(shift(observedShare(row.coverage), 2), 1)} %</span>
              </span>
            ) : (
              <Unknown reason={reason('coverage')} />
            )}
          </Item>
        </dl>
      ) : (
        <Loading rows={1} height={52} />
      )}
    </header>
  );
}

function isFund(row: Row): boolean {
  return row.kind === 'fund' || row.kind === 'fund_of_funds';
}

function Item({ name, title, big = false, children }: { name: string; title?: string; big?: boolean; children: React.ReactNode }) {
  return (
    <div className={big ? css.big : undefined}>
      <dt title={title}>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The tree below the node, with the node as its first row; a leaf has none. */
function Below({ data, row, measure }: { data: TreeAnswer; row: Row; measure: Measure }) {
  const tree = subtreeOf(data.tree, row);
  return tree.length > 1 ? <TreeTable data={{ ...data, tree }} measure={measure} /> : null;
}

function subtreeOf(rows: readonly Row[], root: Row): Row[] {
  const inside = new Set([root.node]);
  return rows
    .filter((row) => {
      const below = row.node === root.node || (row.parent !== null && inside.has(row.parent));
      if (below) inside.add(row.node);
      return below;
    })
    .map((row) => ({ ...row, depth: row.depth - root.depth }));
}
