import { describe, expect, it } from 'vitest';
import type { Layout } from '@/api/schema';
import { fieldsOf, formOf, orderOf, slugOf, withFields, withOrder, withWord } from './mapping';

const draft = { name: 'x', title: 'x', columns: { time: 'When', amount: 'Sum' }, times: { formats: ['iso'], zone: '', offsets: {} } } as unknown as Layout;

describe('the columns of an export', () => {
  it('give a field to one column only, and two fields where a cell holds both', () => {
    const moved = withFields(draft, 'Total', 'amount');
    expect(fieldsOf(moved, 'Total')).toBe('amount');
    expect(fieldsOf(moved, 'Sum')).toBe('');
    expect(withFields(draft, 'Sum', 'amount+asset').columns).toEqual({ time: 'When', amount: 'Sum', asset: 'Sum' });
    expect(withFields(draft, 'Sum', '').columns).toEqual({ time: 'When' });
  });

  it('learn and forget words', () => {
    expect(withWord({ a: 1 }, 'b', 2)).toEqual({ a: 1, b: 2 });
    expect(withWord({ a: 1 }, 'a', undefined)).toEqual({});
  });
});

describe('times', () => {
  it.each([
    ['31.01.2026 08:05', 'dmy', '%d.%m.%Y %H:%M'],
    ['1/31/26 8:05:01 PM', 'mdy', '%m/%d/%y %I:%M:%S %p'],
    ['2026/01/31, 08:05:01.123 UTC', 'ymd', '%Y/%m/%d, %H:%M:%S.%f %z'],
    ['31-01-2026', 'dmy', '%d-%m-%Y'],
    ['2026-01-31', 'dmy', null],
    ['yesterday', 'dmy', null],
  ] as const)('%s in the order %s are of the form %s', (text, order, form) => expect(formOf(text, order)).toBe(form));

  it('keep every form that the samples have, and tell their order again', () => {
    const found = withOrder(draft, 'dmy', ['31.01.2026 08:05', '31.01.2026 08:05:01', '']);
    expect(found.times.formats).toEqual(['%d.%m.%Y %H:%M', '%d.%m.%Y %H:%M:%S']);
    expect(orderOf(found)).toBe('dmy');
    expect(orderOf(withOrder(draft, 'unix_ms', []))).toBe('unix_ms');
    expect(orderOf(withOrder(draft, 'mdy', []))).toBe('mdy');
  });
});

it('makes an identifier of a name', () => {
  expect(slugOf('House Bank (2026)')).toBe('house-bank-2026');
  expect(slugOf('对账单')).toBe('export');
});
