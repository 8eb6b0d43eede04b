import { Link } from 'react-router';
import type { OverviewAnswer } from '@/api/schema';
import { fixed, isDecimal, measureOf, thinGroups } from '@/lib/decimal';
import { useLanguage, useWords } from '@/lib/i18n';
import { clock, day, full } from '@/lib/time';
import { Change, Figure, PercentChange, Unknown } from '@/ui/Figure';
import { Fingerprint } from '@/ui/Fingerprint';
import css from './Overview.module.css';
import { reasonOf, type Measure } from './reasons';
import words from './words';

const CLASSES_SHOWN = 2;
const UNIT_PLACES = 6;

/** What are we worth: the NAV now, since the last published one, per unit, and in other numeraires. */
export function Worth({ data, measure }: { data: OverviewAnswer; measure: Measure }) {
  const t = useWords(words);
  const language = useLanguage();
  const { worth } = data;
  const reason = (field: string) => reasonOf(worth.missing, field, t.reason);
  return (
    <section aria-label={t.worth}>
      <div className={css.asked}>
        <h2 className={css.question}>{t.worth}</h2>
        <At data={data} />
      </div>
      <div className={`hero ${css.heroLine}`}>
        <Figure value={worth.nav} places={measure.places} provisional reason={reason('nav')} />
        <small>{data.numeraire}</small>
      </div>
      <div className={css.changeLine}>
        {worth.published ? (
          <>
            <Change value={worth.change} places={measure.places} reason={reason('change')} />
            <PercentChange value={worth.change_share} places={2} unit="%" bare reason={reason('change')} />
            <span className={`dim ${css.since}`} title={full(worth.published.as_of)}>
              {t.since(day(worth.published.as_of, language))}
            </span>
          </>
        ) : (
          <span className={`dim ${css.since}`}>{t.neverPublished}</span>
        )}
      </div>
      <dl className={css.pairs}>
        {worth.classes.slice(0, CLASSES_SHOWN).map((one) => (
          <PairOf key={one.share_class} name={t.perUnit(one.name)}>
            {one.nav_per_unit === null ? (
              <Unknown />
            ) : (
              <span className="num provisional" title={one.currency}>
                {isDecimal(one.nav_per_unit) ? thinGroups(fixed(one.nav_per_unit, UNIT_PLACES)) : one.nav_per_unit}
              </span>
            )}
          </PairOf>
        ))}
        {worth.others.map((one) => (
          <PairOf key={one.code} name={one.code}>
            <Figure value={one.nav} places={measureOf(one.nav).places} />
          </PairOf>
        ))}
      </dl>
      {worth.published ? (
        <div className={css.foot}>
          <Link to={`/nav/${worth.published.run}`} className={css.published}>
            {worth.published.bundle_sha ? <Fingerprint hash={worth.published.bundle_sha} width={62} height={20} /> : null}
            <span>
              <span className={css.when}>{t.published(day(worth.published.as_of, language))}</span> ·{' '}
              <span className="ink2">
                <Figure value={worth.published.nav} places={measure.places} />
              </span>
              {worth.published.approved_by ? (
                <>
                  <br />
                  {t.by(worth.published.approved_by)}
                </>
              ) : null}
            </span>
          </Link>
        </div>
      ) : null}
    </section>
  );
}

/** The instant of the figures; the dot says that they follow the venues' streams. */
function At({ data }: { data: OverviewAnswer }) {
  const t = useWords(words);
  const { since, oldest } = data.live;
  const said = since ? t.liveSince(full(since), oldest ? clock(oldest) : null) : t.polled;
  return (
    <span className={`num dim ${css.at}`} title={said}>
      {since ? <span className={css.liveDot} /> : null}
      <span className="visually-hidden">{since ? t.liveNow : t.polled}</span> {clock(data.as_of)}
    </span>
  );
}

function PairOf({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <>
      <dt title={name}>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
