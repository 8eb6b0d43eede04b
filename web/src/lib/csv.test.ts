import { expect, test } from 'vitest';
import { toCsv } from './csv';

test('a cell that a spreadsheet would run is made harmless and a negative number stays one', () => {
  expect(toCsv([['=1+1', '-12.5', '@x', ' =HYPERLINK("a")', '-x']])).toBe(`'=1+1,-12.5,'@x,"' =HYPERLINK(""a"")",'-x\r\n`);
});

test('quotes, commas and line breaks are kept', () => {
  expect(toCsv([['a"b', 'c,d', 'e\nf', 7]])).toBe('"a""b","c,d","e\nf",7\r\n');
});
