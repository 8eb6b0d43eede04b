import { expect, test } from 'vitest';
import { conflictOf, differencesOf } from './conflict';

test('an issue of another kind has no two sides', () => {
  expect(conflictOf('{}')).toBeNull();
});

test('the refused statement is read from its own text', () => {
  const detail = JSON.stringify({ standing: 'ab', statement: '{"body":{"quantity":"2"}}' });
  expect(conflictOf(detail)).toEqual({ standing: 'ab', statement: { body: { quantity: '2' } } });
});

test('only what differs is shown, by its place; nothing and null are alike', () => {
  const standing = { account: 'a', body: { quantity: '1', fee: null }, supersedes: null };
  const refused = { account: 'a', body: { quantity: '2', fees: ['3'] } };
  expect(differencesOf(standing, refused)).toEqual([
    { field: 'body.quantity', stands: '1', refused: '2' },
    { field: 'body.fees.0', stands: '', refused: '3' },
  ]);
});
