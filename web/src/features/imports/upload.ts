// A file on its way: what is sent is shown as it goes, which `fetch` cannot tell.
import { Problem } from '@/api/client';
import type { FileSeen, Layout, Queued } from '@/api/schema';
import { session } from '@/lib/session';

/** How a file reads: by a template, or by a layout for an account. */
export type How = { readonly template: string } | { readonly layout: Layout; readonly account: string | null };

export interface Upload {
  readonly file: File;
  readonly how: How;
  /** The same key for the same attempt, so that sending again makes no second import. */
  readonly key: string;
  /** The share that has left, 0 to 1. */
  readonly onSent: (share: number) => void;
  readonly signal: AbortSignal;
}

/** Send the file to be checked; the import's id, or the refusal thrown. An ended session is renewed over the page. */
export async function upload({ file, how, key, onSent, signal }: Upload): Promise<string> {
  const form = new FormData();
  form.append('file', file, file.name);
  const query = new URLSearchParams();
  if ('template' in how) query.set('template', how.template);
  else {
    form.append('mapping', JSON.stringify(how.layout));
    if (how.account) query.set('account', how.account);
  }
  return (await renewing<Queued>(() => send({ to: `jobs?${query}`, form, key, onSent, signal }))).job;
}

const LOOKED_AT = 1024 * 1024;

/** The beginning of a large file, to the end of a line; UTF-16 has a zero beside each line end, and even bytes. */
async function headOf(file: File): Promise<Blob> {
  if (file.size <= LOOKED_AT) return file;
  const bytes = new Uint8Array(await file.slice(0, LOOKED_AT).arrayBuffer());
  const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  return new Blob([wide ? bytes : bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1)]);
}

/** What a file is: its columns, and the layout that reads it or a draft of one. Nothing is kept. */
export async function look(file: File, signal: AbortSignal): Promise<FileSeen> {
  const form = new FormData();
  form.append('file', await headOf(file), file.name);
  return renewing<FileSeen>(() => send({ to: 'sniff', form, key: crypto.randomUUID(), onSent: () => undefined, signal }));
}

async function renewing<T>(ask: () => Promise<XMLHttpRequest>): Promise<T> {
  const first = await ask();
  if (first.status !== 401) return answer<T>(first);
  await session.renew();
  return answer<T>(await ask());
}

interface Sent extends Pick<Upload, 'key' | 'onSent' | 'signal'> {
  readonly to: string;
  readonly form: FormData;
}

function send({ to, form, key, onSent, signal }: Sent): Promise<XMLHttpRequest> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', `/api/v1/imports/${to}`);
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
