// A file on its way: what is sent is shown as it goes, which `fetch` cannot tell.
import { Problem } from '@/api/client';
import type { Queued } from '@/api/schema';
import { session } from '@/lib/session';

export interface Upload {
  readonly file: File;
  readonly template: string;
  /** The same key for the same attempt, so that sending again makes no second import. */
  readonly key: string;
  /** The share that has left, 0 to 1. */
  readonly onSent: (share: number) => void;
  readonly signal: AbortSignal;
}

/** Send the file to be checked; the import's id, or the refusal thrown. An ended session is renewed over the page. */
export async function upload(one: Upload): Promise<string> {
  const first = await send(one);
  if (first.status !== 401) return answer<Queued>(first).job;
  await session.renew();
  return answer<Queued>(await send(one)).job;
}

function send({ file, template, key, onSent, signal }: Upload): Promise<XMLHttpRequest> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append('file', file, file.name);
    request.open('POST', `/api/v1/imports/jobs?template=${encodeURIComponent(template)}`);
    request.setRequestHeader('X-Truenav-CSRF', session.csrf() ?? '');
    request.setRequestHeader('Idempotency-Key', key);
    request.upload.onprogress = (event) => onSent(event.lengthComputable ? event.loaded / event.total : 0);
    request.onload = () => resolve(request);
    request.onerror = () => reject(new Problem({ type: 'about:blank', title: 'offline', status: 0, detail: '' }));
    request.onabort = () => reject(new DOMException('stopped', 'AbortError'));
    signal.addEventListener('abort', () => request.abort());
    request.send(form);
  });
}

function answer<T>(request: XMLHttpRequest): T {
  let body: unknown = null;
  try {
    body = JSON.parse(request.responseText);
  } catch {
    // not ours: told by its status below
  }
  if (request.status >= 200 && request.status < 300) return body as T;
  const found = body as { detail?: string; title?: string; type?: string } | null;
  throw new Problem({
    ...found,
    type: found?.type ?? 'about:blank',
    title: found?.title ?? request.statusText,
    detail: found?.detail ?? request.statusText,
    status: request.status,
  });
}
