import { describe, expect, test } from 'vitest';
import { holdersOf, isChange } from './holders';

describe('holders of units', () => {
  test('are read exactly, whatever else the file has', () => {
    expect(holdersOf('name,units,holder\r\nx,0.10000000000000000001,ada\r\ny,2,"b, co"\r\n')).toEqual({
      units: { ada: '0.10000000000000000001', 'b, co': '2' },
      count: 2,
      total: '2.10000000000000000001',
    });
  });

  test('are each named once, with a plain number that is not below zero', () => {
    expect(holdersOf('holder,units\na,1\na,2')).toEqual({ wrong: 'twice', holder: 'a' });
    for (const units of ['-1', '1e3', '1 000', '', 'NaN']) expect(holdersOf(`holder,units\na,${units}`)).toEqual({ wrong: 'number', holder: 'a' });
  });

  test('need both columns and a row', () => {
    for (const text of ['', 'holder,units', 'holder\na', 'who,units\na,1', 'holder,units\n"a,1']) expect(holdersOf(text)).toMatchObject({ wrong: 'columns' });
  });
});

test('a merge makes one unit of several, a split several of one', () => {
  expect([isChange('20', '1'), isChange('1', '10')]).toEqual([true, true]);
  for (const [old, now] of [['1', '1'], ['3', '2'], ['0', '1'], ['1', '1.5'], ['', '1'], ['01', '2']] as const) expect(isChange(old, now)).toBe(false);
});
