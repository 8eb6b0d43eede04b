import { describe, expect, it } from 'vitest';
import { add, compare, divide, fixed, grouped, shift, show, sign, subtract, thinGroups } from './decimal';

describe('decimals stay exact', () => {
  it('a number beyond a double keeps every digit', () => {
    expect(show('123456789012345678901234567890.123456789', 9)).toBe(
      '123,456,789,012,345,678,901,234,567,890.123456789',
    );
    expect(add('0.1', '0.2')).toBe('0.3');
    expect(subtract('1000000000000000000000000000001', '1')).toBe('1000000000000000000000000000000');
  });

  it('halves go to the even neighbour', () => {
    expect(['0.5', '1.5', '2.5', '-0.5', '-1.5'].map((text) => fixed(text, 0))).toEqual(['0', '2', '2', '0', '-2']);
    expect(fixed('2.345', 2)).toBe('2.34');
    expect(fixed('2.3450000001', 2)).toBe('2.35');
  });

  it('missing decimals are filled', () => expect(fixed('-7', 2)).toBe('-7.00'));

  it('shifting moves the point and nothing else', () => {
    expect(shift('0.0052', 2)).toBe('0.52');
    expect(shift('5', 2)).toBe('500');
    expect(shift('-123456789', -6)).toBe('-123.456789');
  });

  it('division rounds once and knows no zero divisor', () => {
    expect(divide('1', '3', 4)).toBe('0.3333');
    expect(divide('-1', '8', 2)).toBe('-0.12');
    expect(divide('1', '-8', 2)).toBe('-0.12');
    expect(divide('1', '0.00', 2)).toBeNull();
  });

  it('order is by value, not by text', () => {
    expect(['10', '-2', '9.5'].sort(compare)).toEqual(['-2', '9.5', '10']);
    expect(sign('-0.000')).toBe(0);
  });
});

describe('decimals for people', () => {
  it('the minus is as wide as the plus, and zero has no sign', () => {
    expect(grouped('-1204560')).toBe('\u22121,204,560');
    expect(show('-0.004', 2, { signed: true })).toBe('0.00');
    expect(show('1556526', 0, { signed: true })).toBe('+1,556,526');
  });

  it('a fraction gets no commas', () => expect(grouped('1234.56789')).toBe('1,234.56789'));

  it('units have a thin space after three places', () => expect(thinGroups('1.284617')).toBe('1.284\u2009617'));

  it('text that is no number is shown as it is', () => expect(show('n/a', 2)).toBe('n/a'));
});
