import { expect, test } from 'vitest';
import { titleOf } from './problems';

const refusal = { type: 'urn:truenav:problem:key-revoked', title: 'The venue does not accept the key', status: 502 };

test('English shows the title of the server', () => {
  expect(titleOf(refusal, 'en')).toBe('The venue does not accept the key');
});

test('中文 names a refusal by its code', () => {
  expect(titleOf(refusal, 'zh')).toBe('场所拒绝该密钥');
});

test('what does not exist is called the same whatever it is', () => {
  expect(titleOf({ type: 'urn:truenav:problem:run-not-found', title: 'Not found', status: 404 }, 'zh')).toBe('未找到');
});

test('a refusal of a newer server keeps its own title', () => {
  expect(titleOf({ type: 'urn:truenav:problem:new', title: 'New', status: 422 }, 'zh')).toBe('New');
});
