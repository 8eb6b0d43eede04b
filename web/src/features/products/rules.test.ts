import { expect, test } from 'vitest';
import { said } from './rules';

test('rules are shown without what they do not say, zero and false stay', () => {
  const rules = { target: '3', merge: null, fees: [], trigger: { above: '4', below: null }, dealing: { at: null }, cost: '0', in_kind: false };
  expect(said(rules)).toEqual({ target: '3', trigger: { above: '4' }, cost: '0', in_kind: false });
});
