// Which steps an order can take from where it stands, and who may take them.
import type { Amount, OrderView } from '@/api/schema';
import type { Step } from './data';

/** Steps that need more than a press or a reason: each has a form of its own. */
const ASKED = ['deliver', 'buy-in', 'true-up'] as const;
export type Asked = (typeof ASKED)[number];
export const isAsked = (step: Offered['step']): step is Asked => (ASKED as readonly string[]).includes(step);

export interface Offered {
  readonly step: Step | Asked;
  readonly action: 'basket:deal' | 'basket:approve';
  /** Whether it needs a reason, and cannot be undone. */
  readonly reason: boolean;
}

const offer = (step: Offered['step'], action: Offered['action'], reason = false): Offered => ({ step, action, reason });

const FROM: Readonly<Record<OrderView['state'], readonly Offered[]>> = {
  received: [offer('cancel', 'basket:deal')],
  validated: [offer('accept', 'basket:approve'), offer('cancel', 'basket:deal'), offer('reject', 'basket:approve', true)],
  accepted: [offer('price', 'basket:deal'), offer('cancel', 'basket:deal')],
  priced: [offer('instruct', 'basket:deal'), offer('deliver', 'basket:deal')],
  delivery_pending: [offer('deliver', 'basket:deal'), offer('settle', 'basket:approve')],
  settled: [offer('true-up', 'basket:approve')],
  failed: [],
  rejected: [],
  cancelled: [],
};

const LATE: readonly Offered[] = [offer('fail-fee', 'basket:deal'), offer('buy-in', 'basket:deal'), offer('fail', 'basket:approve', true)];

/** What is missing beside money, which nobody can buy in; the fee is always money. */
export const tokensMissing = (order: OrderView): readonly Amount[] => order.missing.filter((one) => one.asset !== order.fee?.asset);

/** Cash that stands for an asset and is not trued up yet. */
export const openSubstitutes = (order: OrderView) => order.substituted.filter((one) => one.true_up === null);

/** The steps of an order at an instant. Settling needs all that was due, taking back the time before the cut-off. */
export function stepsOf(order: OrderView, now: Date): readonly Offered[] {
  const past = (instant: string | null | undefined) => instant != null && new Date(instant) <= now;
  const late = order.state === 'delivery_pending' && past(order.due_at);
  return [...FROM[order.state], ...(late ? LATE : [])].filter(({ step }) => {
    if (step === 'cancel') return !past(order.cut_off_at);
    if (step === 'price') return past(order.cut_off_at);
    if (step === 'settle') return order.missing.length === 0;
    if (step === 'buy-in') return tokensMissing(order).length > 0;
    if (step === 'true-up') return openSubstitutes(order).length > 0;
    return true;
  });
}
