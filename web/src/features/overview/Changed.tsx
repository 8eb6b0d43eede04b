import type { OverviewAnswer } from '@/api/schema';
import { fixed, show, sign } from '@/lib/decimal';
import { useLanguage, useWords } from '@/lib/i18n';
import { day } from '@/lib/time';
import { Waterfall, type Step } from '@/ui/chart/Waterfall';
import css from './Overview.module.css';
import { reasonOf, type Measure } from './reasons';
import words from './words';

/** What changed since the last published NAV: a bridge that adds up to the digit. */
export function Changed({ data, measure }: { data: OverviewAnswer; measure: Measure }) {
  const t = useWords(words);
  const language = useLanguage();
  const { since, opening, parts, closing, missing } = data.changed;
  const known = since !== null && opening !== null && closing !== null;
  const moved = parts.filter((part) => sign(fixed(part.amount, measure.places)) !== 0);
  const steps: Step[] = known
    ? [
        { label: [day(since, language), t.opening], value: opening, total: true },
        ...moved.map((part) => ({ label: (t.part[part.kind] ?? part.kind).split(/ (?!.* )/), value: part.amount })),
        { label: [t.now, t.closing], value: closing, total: true },
      ]
    : [];
  return (
    <section aria-label={t.changed}>
      <h2 className={css.question}>
        <span>{t.changed}</span>
        <span>{known ? t.bridgeUnit(data.numeraire) : null}</span>
      </h2>
      {known ? (
        <Waterfall
          steps={steps}
          places={measure.places}
          summary={`${t.bridgeSummary(show(opening, measure.places), show(closing, measure.places))}: ${moved
            .map((part) => `${t.part[part.kind] ?? part.kind} ${show(part.amount, measure.places, { signed: true })}`)
            .join(', ')}`}
        />
      ) : (
        <p className="dim" style={{ marginTop: 10 }}>
          {reasonOf(missing, '*', t.reason) ?? t.noBridge}
        </p>
      )}
    </section>
  );
}
