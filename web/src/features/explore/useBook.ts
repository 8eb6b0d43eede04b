// The rows of a fund in a worker, kept up to date by the server's stream, and the pivot of the shape on screen.
import { useCallback, useEffect, useRef, useState } from 'react';
import { guarded, problemOf } from '@/api/client';
import { cutEvents } from '@/lib/events';
import type { Row } from './book';
import type { Pivot } from './pivot';
import type { Dimension, Shape } from './shape';
import type { Answer, Ask } from './worker';

const REDRAW_MS = 400;
const PAUSE_MS = 2000;

export interface Shown {
  readonly pivot: Pivot;
  readonly shape: Shape;
  readonly rows: number;
  readonly milliseconds: number;
}

export interface BookState {
  readonly shown: Shown | null;
  readonly error: Error | null;
  /** From asking for the rows to having them. */
  readonly readyMs: number | null;
  readonly changesPerSecond: number;
  readonly live: boolean;
  readonly retry: () => void;
  readonly membersOf: (dimension: Dimension) => Promise<readonly string[]>;
}

export function useBook(fund: string | null, shape: Shape): BookState {
  const worker = useRef<Worker | null>(null);
  const asked = useRef(shape);
  const waiting = useRef(new Map<Dimension, (members: readonly string[]) => void>());
  const heard = useRef(0);
  const loaded = useRef(false);
  const [shown, setShown] = useState<Shown | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [readyMs, setReadyMs] = useState<number | null>(null);
  const [changesPerSecond, setRate] = useState(0);
  const [live, setLive] = useState(false);
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    if (fund === null) return;
    const stop = new AbortController();
    const mine = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    worker.current = mine;
    loaded.current = false;
    setShown(null);
    setError(null);
    const tell = (ask: Ask, moved: Transferable[] = []) => mine.postMessage(ask, moved);
    const began = performance.now();
    mine.onmessage = ({ data }: MessageEvent<Answer>) => {
      if (data.kind === 'loaded') {
        loaded.current = true;
        setReadyMs((old) => old ?? performance.now() - began);
        tell({ kind: 'pivot', shape: asked.current });
      } else if (data.kind === 'pivot') setShown(data);
      else {
        waiting.current.get(data.dimension)?.(data.members);
        waiting.current.delete(data.dimension);
      }
    };
    mine.onerror = (event) => setError(new Error(event.message));
    let dirty = false;
    const redraw = setInterval(() => {
      if (dirty && loaded.current) tell({ kind: 'pivot', shape: asked.current });
      dirty = false;
    }, REDRAW_MS);
    const count = setInterval(() => {
      setRate(heard.current);
      heard.current = 0;
    }, 1000);
    const changed = (rows: readonly Row[], removed: readonly string[]) => {
      tell({ kind: 'changes', rows, removed });
      heard.current += rows.length + removed.length;
      dirty = true;
    };
    void follow(fund, stop.signal, { rows: (bytes) => tell({ kind: 'rows', bytes }, [bytes]), changed, live: setLive, failed: setError, loaded: () => loaded.current });
    return () => {
      stop.abort();
      clearInterval(redraw);
      clearInterval(count);
      mine.terminate();
    };
  }, [fund, attempt]);

  useEffect(() => {
    asked.current = shape;
    if (loaded.current) worker.current?.postMessage({ kind: 'pivot', shape } satisfies Ask);
  }, [shape]);

  const membersOf = useCallback(
    (dimension: Dimension) =>
      new Promise<readonly string[]>((resolve) => {
        waiting.current.set(dimension, resolve);
        worker.current?.postMessage({ kind: 'members', dimension } satisfies Ask);
      }),
    [],
  );
  return { shown, error, readyMs, changesPerSecond, live, retry: () => setAttempt(attempt + 1), membersOf };
}

interface Heard {
  readonly rows: (bytes: ArrayBuffer) => void;
  readonly changed: (rows: readonly Row[], removed: readonly string[]) => void;
  readonly live: (live: boolean) => void;
  readonly failed: (error: Error) => void;
  readonly loaded: () => boolean;
}

/** Open the stream, then read all rows, then apply what changed since; after a break, all anew. */
async function follow(fund: string, stopped: AbortSignal, heard: Heard): Promise<void> {
  while (!stopped.aborted) {
    try {
      await listen(fund, stopped, heard);
    } catch (error) {
      if (stopped.aborted) return;
      if (!heard.loaded()) return heard.failed(error as Error);
    }
    heard.live(false);
    if (!stopped.aborted) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

async function listen(fund: string, stopped: AbortSignal, heard: Heard): Promise<void> {
  const path = `/api/v1/explore/${encodeURIComponent(fund)}`;
  const stream = await open(`${path}/changes`, 'text/event-stream', stopped);
  if (stream.body === null) return;
  const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let buffer = ''; ; ) {
    const { done, value } = await reader.read();
    if (done) return;
    const { events, rest } = cutEvents(buffer + value);
    buffer = rest;
    for (const event of events) {
      if (event.kind === 'ready') {
        heard.rows(await (await open(`${path}/rows`, '*/*', stopped)).arrayBuffer());
        heard.live(true);
      } else if (event.kind === 'rows') heard.changed(event.data['rows'] as Row[], event.data['removed'] as string[]);
      else if (event.kind === 'end') return;
    }
  }
}

async function open(path: string, accept: string, signal: AbortSignal): Promise<Response> {
  const answer = await guarded(new Request(new URL(path, location.origin), { signal, headers: { Accept: accept } }));
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}
