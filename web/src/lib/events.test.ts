import { expect, it } from 'vitest';
import { cutEvents } from './events';

it('an event cut in two waits for its end', () => {
  const first = cutEvents(': connected\n\nevent: mark\ndata: {"fund"');
  expect(first.events).toEqual([]);
  const second = cutEvents(`${first.rest}:"x"}\n\n`);
  expect(second).toEqual({ events: [{ kind: 'mark', data: { fund: 'x' } }], rest: '' });
});

it('comments and broken data are no events', () => {
  expect(cutEvents(': still here\n\nevent: run\ndata: {broken\n\n').events).toEqual([]);
});
