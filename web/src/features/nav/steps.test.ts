import { expect, it } from 'vitest';
import { refusalOf, stepsOf } from './steps';

const everything = ['nav:strike', 'nav:approve', 'nav:publish'];

it('the maker may not approve or reject what they struck, and may publish it', () => {
  const maker = { id: 'max', actions: everything };
  expect(refusalOf('approve', { state: 'calculated', created_by: 'max', quality: 'complete' }, maker)).toBe('maker');
  expect(refusalOf('reject', { state: 'approved', created_by: 'max', quality: 'complete' }, maker)).toBe('maker');
  expect(refusalOf('publish', { state: 'approved', created_by: 'max', quality: 'complete' }, maker)).toBeNull();
});

it('a second person with the right approves, once', () => {
  const checker = { id: 'fay', actions: everything };
  expect(refusalOf('approve', { state: 'calculated', created_by: 'max', quality: 'complete' }, checker)).toBeNull();
  expect(refusalOf('approve', { state: 'approved', created_by: 'max', quality: 'complete' }, checker)).toBe('state');
  expect(refusalOf('approve', { state: 'calculated', created_by: 'max', quality: 'complete' }, { id: 'rod', actions: [] })).toBe('right');
});

it('each state offers only what leads on', () => {
  expect(stepsOf({ state: 'calculated' })).toEqual(['approve', 'reject']);
  expect(stepsOf({ state: 'approved' })).toEqual(['reject', 'publish']);
  expect(stepsOf({ state: 'published' })).toEqual(['restate']);
  expect(stepsOf({ state: 'rejected' })).toEqual([]);
});

it('what is provisional may be approved and is never final', () => {
  const checker = { id: 'fay', actions: everything };
  expect(refusalOf('approve', { state: 'calculated', created_by: 'max', quality: 'provisional' }, checker)).toBeNull();
  expect(refusalOf('publish', { state: 'approved', created_by: 'max', quality: 'provisional' }, checker)).toBe('provisional');
});
