import { expect, it } from 'vitest';
import type { HistoryPoint } from '@/api/schema';
import { changeOf } from './history';

const point = (run: string, nav: string | null, kind: HistoryPoint['kind'] = 'published'): HistoryPoint => ({
  at: '2026-11-21T00:00:00Z',
  kind,
  run,
  quality: 'complete',
  nav,
  per_unit: null,
  drawdown: null,
});

it('a run is measured against the final NAV before it, not against a provisional one', () => {
  const points = [point('a', '100'), point('b', '50', 'provisional'), point('c', '101')];
  expect(changeOf('c', points)).toEqual({ nav: '101', change: '0.01000000' });
});

it('the first has no change, and a run that is not there has no NAV', () => {
  expect(changeOf('a', [point('a', '100')])).toEqual({ nav: '100', change: null });
  expect(changeOf('x', [point('a', '100')])).toEqual({ nav: null, change: null });
});
