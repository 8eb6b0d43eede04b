import { expect, test } from 'vitest';
import { instantOf, localOf } from './instants';

test('a time that is typed is taken for UTC, whatever the machine’s zone', () => {
  expect(instantOf('2026-01-31T08:00')).toBe('2026-01-31T08:00:00.000Z');
  expect(localOf('2026-01-31T08:00:59Z')).toBe('2026-01-31T08:00');
});

test('what is no time is none', () => {
  expect(instantOf('')).toBeNull();
  expect(instantOf('soon')).toBeNull();
});
