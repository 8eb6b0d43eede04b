import type { OverviewAnswer } from '@/api/schema';
import { compare, forDrawing } from '@/lib/decimal';
import { useWords } from '@/lib/i18n';
import { Figure, Percent } from '@/ui/Figure';
import { Panel } from '@/ui/Panel';
import css from './Overview.module.css';
import type { Measure } from './reasons';
import { venueName } from './venues';
import words from './words';

const MUCH = 0.7;

/** Where it sits: value by venue, its share of the NAV, and the margin that the venue says is used. */
export function Sits({ data, measure }: { data: OverviewAnswer; measure: Measure }) {
  const t = useWords(words);
  const sites = [...data.sits].sort((one, other) => compare(other.value ?? '0', one.value ?? '0'));
  return (
    <Panel className={css.sits} title={t.sits} sub={t.sitsUnit(`${measure.letter} ${data.numeraire}`.trim())}>
      <div className={css.places}>
        {sites.map((site) => (
          <div key={site.venue}>
            <div className={css.placeName}>{venueName(site.venue, t.noVenue)}</div>
            <div className={css.placeValue}>
              <Figure value={site.value} places={measure.scale ? 1 : measure.places} scale={measure.scale} provisional={site.stale || site.unpriced > 0} />
            </div>
            <div className={css.placeNote}>
              <Percent value={site.share} places={1} unit="%" />
              {site.margin_used ? (
                <span className={forDrawing(site.margin_used) > MUCH ? 'warn' : undefined}>
                  {' · '}
                  <Percent value={site.margin_used} places={0} />
                </span>
              ) : null}
              {site.stale ? <span className="warn"> · {t.stale}</span> : null}
            </div>
          </div>
        ))}
      </div>
    </Panel>
  );
}
