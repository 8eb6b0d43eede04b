import { expect, test } from 'vitest';
import { fromCsv, toCsv } from './csv';

test('a cell that a spreadsheet would run is made harmless and a negative number stays one', () => {
  expect(toCsv([['=1+1', '-12.5', '@x', ' =HYPERLINK("a")', '-x']])).toBe(`'=1+1,-12.5,'@x,"' =HYPERLINK(""a"")",'-x\r\n`);
});

test('quotes, commas and line breaks are kept', () => {
  expect(toCsv([['a"b', 'c,d', 'e\nf', 7]])).toBe('"a""b","c,d","e\nf",7\r\n');
});

test('a CSV is read as it was written', () => {
  const rows = [['a"b', 'c,d', 'e\nf', ''], ['', 'x', '7', 'ß']];
  expect(fromCsv(toCsv(rows))).toEqual(rows);
  expect(fromCsv('a,b\n\n1,2')).toEqual([['a', 'b'], ['1', '2']]);
  expect(fromCsv('a,')).toEqual([['a', '']]);
  expect(fromCsv('')).toEqual([]);
});

test('a quote that is not closed is no CSV', () => {
  expect(fromCsv('a,"b')).toBeNull();
  expect(fromCsv('"a"b,c')).toBeNull();
});
