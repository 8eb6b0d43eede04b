import { expect, it } from 'vitest';
import { topicsOf } from './live';

it('a recorded fact makes every page of figures stale', () => {
  expect(topicsOf({ kind: 'changed', data: { what: 'fact' } })).toContain('overview');
});

it('news of an unknown kind are a topic of their own', () => {
  expect(topicsOf({ kind: 'weather', data: {} })).toEqual(['weather']);
  expect(topicsOf({ kind: 'changed', data: { what: 'saved_view' } })).toEqual(['saved_view']);
});
