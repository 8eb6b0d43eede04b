// What somebody typed into a schedule, kept by the browser until it is saved.
import type { ScheduleAnswer } from '@/api/schema';
import { keep, kept } from '@/lib/keep';

export interface Draft {
  readonly id: string;
  readonly fund: string;
  readonly cron: string;
  readonly time_zone: string;
  readonly numeraire: string | null;
  readonly enabled: boolean;
}

const nameOf = (schedule: ScheduleAnswer | null): string => `draft.schedule.${schedule?.id ?? ''}`;

export function draftOf(schedule: ScheduleAnswer | null, fund: string): Draft {
  const { id, cron, time_zone, numeraire, enabled, ...rest } = schedule ?? { id: '', cron: '0 0 * * *', time_zone: 'UTC', numeraire: null, enabled: true };
  return { id, fund: 'fund' in rest ? rest.fund : fund, cron, time_zone, numeraire, enabled };
}

/** What was typed and not saved, else what is there. */
export function readDraft(schedule: ScheduleAnswer | null, fund: string): Draft {
  const fresh = draftOf(schedule, fund);
  try {
    return { ...fresh, ...(JSON.parse(kept(nameOf(schedule)) || '{}') as Partial<Draft>) };
  } catch {
    return fresh;
  }
}

export function keepDraft(schedule: ScheduleAnswer | null, draft: Draft | null): void {
  keep(nameOf(schedule), draft === null ? '' : JSON.stringify(draft));
}
