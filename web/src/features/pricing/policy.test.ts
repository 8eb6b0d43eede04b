import { expect, test } from 'vitest';
import { sourcesOf, textOf } from './policy';

test('sources go to text and back', () => {
  const text = '@venue last eip155:1/erc20:0xdac1\necb fixing iso4217:USD inverted';
  const sources = sourcesOf(text);
  if (typeof sources === 'number') throw new Error('refused');
  expect(sources[1]?.inverted).toBe(true);
  expect(textOf(sources)).toBe(text);
});

test('the first line that is no source is named', () => {
  expect(sourcesOf('ecb fixing iso4217:USD\n\necb guess iso4217:USD')).toBe(3);
  expect(sourcesOf('ecb fixing')).toBe(1);
  expect(sourcesOf('ecb fixing iso4217:USD upside')).toBe(1);
  expect(sourcesOf(' ')).toBe(1);
});
