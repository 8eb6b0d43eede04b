import { describe, expect, test } from 'vitest';
import { leverageAt } from './leverage';

describe('leverage at another price', () => {
  test('a long unit of 3x is at 4x after a fall of a ninth', () => {
    expect(leverageAt({ position: '3', cash: '-200' }, 100)).toBeCloseTo(3);
    expect(leverageAt({ position: '3', cash: '-200' }, (100 * 8) / 9)).toBeCloseTo(4);
  });
  test('a short unit of -3x is at 4x after a rise of a fifteenth', () => {
    expect(leverageAt({ position: '-3', cash: '400' }, (100 * 16) / 15)).toBeCloseTo(4);
  });
});
