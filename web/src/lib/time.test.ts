import { expect, it } from 'vitest';
import { age, clock, day, full } from './time';

const now = new Date('2026-11-22T01:00:00Z');

it('a day has its year only when it is another one', () => {
  expect(day('2026-11-18T23:59:59Z', 'en', now)).toBe('18 Nov');
  expect(day('2025-01-02T00:00:00Z', 'en', now)).toBe('2 Jan 2025');
  expect(day('2026-11-18T23:59:59Z', 'zh', now)).toBe('11月18日');
});

it('an instant with another offset is shown in UTC', () => {
  expect(clock('2026-11-18T02:14:00+08:00')).toBe('18:14:00');
  expect(full('2026-11-18T02:14:00+08:00')).toBe('2026-11-17 18:14:00 UTC');
});

it('an age has one unit', () => {
  expect([3, 90, 7200, 90000, 400000].map((s) => age(s, 'en'))).toEqual(['3 s', '1 min', '2 h', '25 h', '4 d']);
});
