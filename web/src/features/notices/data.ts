// Channels and what went through them, as the server has them.
import { useQuery } from '@tanstack/react-query';
import { api, ask } from '@/api/client';
import type { Event, NoticeAnswer } from '@/api/schema';
import { queries } from '@/lib/queries';

export const EVENTS = ['nav-waits', 'nav-refused', 'sync-failed', 'clock-off', 'product-nav-stale', 'product-ruined', 'product-merge-due', 'product-rebalance-waits'] as const satisfies readonly Event[];

const WHILE_WAITING_MS = 3000;

export function useChannels() {
  return useQuery({ queryKey: ['notices', 'channels'], queryFn: () => ask(api.GET('/api/v1/notices/channels')) });
}

/** The outbox; read again and again while something of it waits for its first try. */
export function useNotices() {
  return useQuery({
    queryKey: ['notices', 'outbox'],
    queryFn: () => ask(api.GET('/api/v1/notices', { params: { query: { limit: 500 } } })),
    refetchInterval: (query) => (query.state.data?.some(isFresh) ? WHILE_WAITING_MS : false),
  });
}

function isFresh(notice: NoticeAnswer): boolean {
  return notice.state === 'waiting' && notice.attempts === 0;
}

export function refresh(): void {
  void queries.invalidateQueries({ queryKey: ['notices'] });
}

/** What a channel tells, of the kinds that one can choose. */
export function chosenEvents(events: readonly string[]): Event[] {
  return EVENTS.filter((one) => events.includes(one));
}
