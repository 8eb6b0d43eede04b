import { expect, test } from 'vitest';
import { Problem } from './client';

const refused = (where: string) => new Problem({ type: 'urn:truenav:problem:invalid-input', title: 'The input is not valid', status: 422, detail: 'so', errors: [{ where, message: 'so' }] });

test('what is wrong with a field is told by its name', () => {
  expect([...refused('body.email').fields]).toEqual([['email', 'so']]);
  expect([...refused('query.limit').fields]).toEqual([['limit', 'so']]);
});

test('what is wrong with a body as a whole belongs to no field, so that forms say it themselves', () => {
  expect(refused('body').fields.size).toBe(0);
});
