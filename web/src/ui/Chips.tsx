import css from './Chips.module.css';

interface ChipsProps<Choice extends string> {
  /** What is chosen between, for those who cannot see it. */
  label: string;
  chosen: Choice;
  onChoose: (choice: Choice) => void;
  of: readonly (readonly [Choice, string])[];
}

/** One of a few ways to see a list, in the head of its panel. */
export function Chips<Choice extends string>({ label, chosen, onChoose, of }: ChipsProps<Choice>) {
  return (
    <span className={css.chips} role="group" aria-label={label}>
      {of.map(([choice, name]) => (
        <button key={choice} type="button" className={css.chip} aria-pressed={choice === chosen} onClick={() => onChoose(choice)}>
          {name}
        </button>
      ))}
    </span>
  );
}
