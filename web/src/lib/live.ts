// One stream of news for the whole page. News name what changed; whoever shows it reads it anew.
import { useSyncExternalStore } from 'react';
import type { QueryClient } from '@tanstack/react-query';
import { cutEvents, type ServerEvent } from './events';

/**
 * Which topics (first parts of query keys) a kind of news makes stale; an unlisted kind is its own topic.
 * `changed` names the table that a transaction wrote to.
 */
const TOPICS: Readonly<Record<string, readonly string[]>> = {
  run: ['nav', 'overview', 'portfolio', 'schedules', 'statements'],
  job: ['jobs', 'nav', 'sources', 'imports'],
  valued: ['overview', 'portfolio', 'marks'],
  issue: ['issues', 'overview'],
  'changed fact': ['facts', 'overview', 'portfolio', 'marks', 'manual'],
  'changed data_issue': ['issues', 'overview'],
  'changed definition': ['nodes', 'numeraires', 'sources', 'pricing', 'overview', 'portfolio', 'products'],
  'changed nav_run': ['nav', 'overview', 'portfolio'],
  'changed product_chapter': ['products'],
  'changed product_instruction': ['products'],
};

const TOGETHER_MS = 60; // news of one batch come in a burst; the pages read once

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
const SILENCE_MS = 40_000; // the server says something every 15 s

export type LiveState = 'connecting' | 'live' | 'broken';

let state: LiveState = 'connecting';
const stateListeners = new Set<() => void>();
const newsListeners = new Set<(news: ServerEvent) => void>();

function become(next: LiveState): void {
  if (state === next) return;
  state = next;
  stateListeners.forEach((listener) => listener());
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (listener) => {
      stateListeners.add(listener);
      return () => stateListeners.delete(listener);
    },
    () => state,
  );
}

/** Hear every piece of news; gives the function that ends it. */
export function onNews(listener: (news: ServerEvent) => void): () => void {
  newsListeners.add(listener);
  return () => newsListeners.delete(listener);
}

/** Follow the stream until stopped: reconnect with growing pauses, and after a break read everything anew. */
export function followNews(queries: QueryClient): () => void {
  const stop = new AbortController();
  void follow(queries, stop.signal);
  return () => stop.abort();
}

async function follow(queries: QueryClient, stopped: AbortSignal): Promise<void> {
  let pause = FIRST_PAUSE_MS;
  let missed = false;
  while (!stopped.aborted) {
    try {
      await listen(stopped, {
        opened: () => {
          become('live');
          pause = FIRST_PAUSE_MS;
          if (missed) void queries.invalidateQueries();
          missed = false;
        },
        heard: (news) => hear(queries, news),
      });
    } catch {
      // a break; below we wait and try again
    }
    if (stopped.aborted) return;
    missed = true;
    become('broken');
    await new Promise((resolve) => setTimeout(resolve, pause * (0.75 + Math.random() / 2)));
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
  }
}

/** The topics that a piece of news makes stale; `run.approved` is of the family `run`. */
export function topicsOf({ kind, data }: ServerEvent): readonly string[] {
  const family = kind.split('.')[0] ?? kind;
  const name = family === 'changed' ? String(data['what']) : family;
  return TOPICS[family === 'changed' ? `changed ${name}` : name] ?? [name];
}

const stale = new Set<string>();

function hear(queries: QueryClient, news: ServerEvent): void {
  if (stale.size === 0) setTimeout(() => readAnew(queries), TOGETHER_MS);
  topicsOf(news).forEach((topic) => stale.add(topic));
  newsListeners.forEach((listener) => listener(news));
}

function readAnew(queries: QueryClient): void {
  const topics = [...stale];
  stale.clear();
  topics.forEach((topic) => void queries.invalidateQueries({ queryKey: [topic] }));
}

async function listen(
  stopped: AbortSignal,
  { opened, heard }: { opened: () => void; heard: (news: ServerEvent) => void },
): Promise<void> {
  const silence = new AbortController();
  let alarm = setTimeout(() => silence.abort(), SILENCE_MS);
  const end = () => silence.abort();
  stopped.addEventListener('abort', end);
  try {
    const answer = await fetch('/api/v1/events', { signal: silence.signal, headers: { Accept: 'text/event-stream' } });
    if (!answer.ok || answer.body === null) throw new Error(`stream refused: ${answer.status}`);
    opened();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let buffer = ''; ; ) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(alarm);
      alarm = setTimeout(() => silence.abort(), SILENCE_MS);
      const { events, rest } = cutEvents(buffer + value);
      buffer = rest;
      events.forEach(heard);
    }
  } finally {
    clearTimeout(alarm);
    stopped.removeEventListener('abort', end);
  }
}
