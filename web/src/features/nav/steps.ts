// What may be done with a run, by whom, and why not. The server decides again on every call.
import type { RunAnswer } from '@/api/schema';

export type Step = 'approve' | 'reject' | 'publish' | 'restate';
export type Refusal = 'maker' | 'right' | 'state' | 'provisional';

const NEEDS = {
  approve: { right: 'nav:approve', states: ['calculated'] },
  reject: { right: 'nav:approve', states: ['collecting', 'calculated', 'approved'] },
  publish: { right: 'nav:publish', states: ['approved'] },
  restate: { right: 'nav:strike', states: ['published'] },
} as const;

export interface Doer {
  readonly id: string;
  readonly actions: readonly string[];
}

/** Null where the step may be taken; else the first thing that stands against it. */
export function refusalOf(step: Step, run: Pick<RunAnswer, 'state' | 'created_by' | 'quality'>, doer: Doer): Refusal | null {
  const { right, states } = NEEDS[step];
  if (!(states as readonly string[]).includes(run.state)) return 'state';
  if (!doer.actions.includes(right)) return 'right';
  if (step === 'publish' && run.quality === 'provisional') return 'provisional';
  if (right === 'nav:approve' && run.created_by === doer.id) return 'maker';
  return null;
}

/** Which actions a run in this state offers at all, in the order of the buttons. */
export function stepsOf(run: Pick<RunAnswer, 'state'>): readonly Step[] {
  return (Object.keys(NEEDS) as Step[]).filter((step) => (NEEDS[step].states as readonly string[]).includes(run.state));
}
