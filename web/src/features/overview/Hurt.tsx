import type { OverviewAnswer } from '@/api/schema';
import { compare, forDrawing, measureOf } from '@/lib/decimal';
import { useWords } from '@/lib/i18n';
import { Figure, Percent } from '@/ui/Figure';
import { Progress } from '@/ui/Progress';
import css from './Overview.module.css';
import { reasonOf } from './reasons';
import { venueName } from './venues';
import words from './words';

const ACCOUNTS_SHOWN = 4;
const NEAR = 0.7;
const AT_RISK = 0.85;

/** What could hurt: the venues' own margin ratios (1 is liquidation), leverage, exposure, concentration. */
export function Hurt({ data }: { data: OverviewAnswer }) {
  const t = useWords(words);
  const { hurt } = data;
  const margins = [...hurt.margins].sort((one, other) =>
    one.ratio === null || other.ratio === null ? (one.ratio === null ? 1 : 0) - (other.ratio === null ? 1 : 0) : compare(other.ratio, one.ratio),
  );
  const exposure = measureOf(hurt.gross);
  const [asset] = hurt.by_asset;
  const [venue] = hurt.by_venue;
  const reason = (field: string) => reasonOf(hurt.missing, field, t.reason);
  return (
    <section aria-label={t.hurt}>
      <h2 className={css.question}>
        <span>{t.hurt}</span>
        <span>{t.venueMargin}</span>
      </h2>
      <div className={css.margins}>
        {margins.slice(0, ACCOUNTS_SHOWN).map((one) => {
          const used = one.ratio === null ? null : forDrawing(one.ratio);
          const tone = used === null || used < NEAR ? 'ink' : used < AT_RISK ? 'warn' : 'crit';
          return (
            <MarginRow key={one.account} name={one.account} tone={tone} ratio={one.ratio} reason={reasonOf(one.missing, 'ratio', t.reason)} />
          );
        })}
      </div>
      <div className={css.foot}>
        <dl className={css.footPairs}>
          <dt>{t.leverage}</dt>
          <dd>
            <Figure value={hurt.leverage} places={2} unit="×" reason={reason('leverage')} />
          </dd>
          <dt>{t.exposure}</dt>
          <dd>
            <Figure value={hurt.gross} places={exposure.scale ? 1 : exposure.places} scale={exposure.scale} reason={reason('gross')} />
            <span className="dim"> / </span>
            <Figure value={hurt.net} places={exposure.scale ? 1 : exposure.places} scale={exposure.scale} unit={exposure.letter} reason={reason('net')} />
          </dd>
          {asset ? (
            <>
              <dt>{t.concentration}</dt>
              <dd>
                {asset.label} <Percent value={asset.share} places={1} unit="%" />
              </dd>
            </>
          ) : null}
          {venue ? (
            <>
              <dt>{t.largestVenue}</dt>
              <dd>
                {venueName(venue.label, t.noVenue)} <Percent value={venue.share} places={1} unit="%" />
              </dd>
            </>
          ) : null}
        </dl>
      </div>
    </section>
  );
}

function MarginRow({ name, ratio, tone, reason }: { name: string; ratio: string | null; tone: 'ink' | 'warn' | 'crit'; reason: string | null }) {
  return (
    <>
      <span title={name}>{name}</span>
      {ratio === null ? <span /> : <Progress share={ratio} label={name} tone={tone} />}
      <span className={tone === 'ink' ? undefined : tone}>
        <Percent value={ratio} places={1} unit="%" reason={reason} />
      </span>
    </>
  );
}
