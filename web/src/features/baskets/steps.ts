// Which steps an order can take from where it stands, and who may take them.
import type { OrderView } from '@/api/schema';
import type { Step } from './data';

export interface Offered {
  readonly step: Step | 'deliver';
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
  settled: [],
  failed: [],
  rejected: [],
  cancelled: [],
};

const LATE: readonly Offered[] = [offer('fail-fee', 'basket:deal'), offer('fail', 'basket:approve', true)];

/** The steps of an order at an instant. Settling needs all that was due, taking back the time before the cut-off. */
export function stepsOf(order: OrderView, now: Date): readonly Offered[] {
  const past = (instant: string | null | undefined) => instant != null && new Date(instant) <= now;
  const late = order.state === 'delivery_pending' && past(order.due_at);
  const able = FROM[order.state].filter(({ step }) => {
    if (step === 'cancel') return !past(order.cut_off_at);
    if (step === 'price') return past(order.cut_off_at);
    if (step === 'settle') return order.missing.length === 0;
    return true;
  });
  return late ? [...able, ...LATE] : able;
}
