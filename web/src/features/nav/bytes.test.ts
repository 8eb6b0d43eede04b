import { describe, expect, it } from 'vitest';
import { hexDump, indentJson, mentions, readable, sha256 } from './bytes';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('a payload as text', () => {
  it('keeps every digit that a double would lose', () => {
    expect(indentJson('{"id":12345678901234567890,"p":0.10000000000000000000}')).toBe(
      '{\n  "id": 12345678901234567890,\n  "p": 0.10000000000000000000\n}',
    );
  });
  it('leaves what stands in strings alone', () => {
    expect(indentJson('["a,b: {\\"c\\"}",{},[]]')).toBe('[\n  "a,b: {\\"c\\"}",\n  {},\n  []\n]');
  });
  it('shows broken JSON as far as it goes, and text that is no JSON as it is', () => {
    expect(indentJson('{"a":"cut')).toBe('{\n  "a": "cut');
    expect(readable(bytes('<xml a="1"/>'))).toBe('<xml a="1"/>');
  });
  it('bytes that are no text are no text', () => {
    expect(readable(new Uint8Array([0xff, 0xfe, 0x00]))).toBeNull();
  });
});

it('bytes stand with their places', () => expect(hexDump(bytes('{"s":1}\n!'))).toEqual([
  '000000  7b 22 73 22 3a 31 7d 0a  {"s":1}·',
  '000008  21                       !',
]));

it('a figure is found by value, not by text', () => {
  expect(mentions('  "free": "284.68790000",', ['284.6879'])).toBe(true);
  expect(mentions('  "positionAmt": "-3",', ['3.0'])).toBe(true);
  expect(mentions('  "free": "1284.6879",', ['284.6879'])).toBe(false);
});

it('the hash is the published one', async () => {
  expect(await sha256(bytes('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
