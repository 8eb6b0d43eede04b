// The typed client: session, CSRF, idempotency and refusals handled once for every call.
import createClient from 'openapi-fetch';
import { session } from '@/lib/session';
import type { Problem as Described, paths } from './schema';

type ProblemBody = Pick<Described, 'type' | 'title' | 'status' | 'detail'> & Partial<Described>;

/** A refusal of the API (RFC 9457), or the network's silence (`status` 0). */
export class Problem extends Error {
  constructor(
    readonly body: ProblemBody,
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(body.detail);
  }

  get status(): number {
    return this.body.status;
  }

  /** Messages by field, `body.email` as `email`; what is wrong with a body as a whole belongs to none. */
  get fields(): ReadonlyMap<string, string> {
    const named = (this.body.errors ?? []).filter((one) => one.where !== 'body');
    return new Map(named.map((one) => [one.where.replace(/^(body|query|path)\./, ''), one.message]));
  }
}

const MUTATING = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const LOG_IN = '/api/v1/login';

function signed(request: Request): Request {
  const csrf = session.csrf();
  if (MUTATING.has(request.method)) {
    if (csrf !== null) request.headers.set('X-Truenav-CSRF', csrf);
    if (!request.headers.has('Idempotency-Key')) request.headers.set('Idempotency-Key', crypto.randomUUID());
  }
  return request;
}

async function reach(request: Request): Promise<Response> {
  try {
    return await fetch(signed(request));
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Problem({ type: 'about:blank', title: 'offline', status: 0, detail: String(error) });
  }
}

/** Fetch; where the session has ended or must be fresh, log in over the page and send the same request again. */
export async function guarded(request: Request): Promise<Response> {
  const spare = request.clone();
  const answer = await reach(request);
  const open = new URL(request.url).pathname.startsWith(LOG_IN) || session.get().kind !== 'in';
  if (open) return answer;
  const why = answer.status === 401 ? 'ended' : (await isStale(answer)) ? 'stale' : null;
  return why !== null && (await session.renew(why)) ? reach(spare) : answer;
}

/** Whether a sensitive change was refused because the proof of who one is has become old. */
async function isStale(answer: Response): Promise<boolean> {
  if (answer.status !== 403) return false;
  const found = (await answer.clone().json().catch(() => null)) as ProblemBody | null;
  return found?.type === 'urn:truenav:problem:fresh-log-in-needed';
}

export const api = createClient<paths, 'application/json'>({ baseUrl: globalThis.location?.origin ?? '', fetch: guarded });

/** The refusal that an answer carries. */
export async function problemOf(answer: Response, body?: unknown): Promise<Problem> {
  const wait = Number(answer.headers.get('Retry-After'));
  const found = (body ?? (await answer.json().catch(() => null))) as ProblemBody | null;
  const shown = found?.detail
    ? found
    : { type: 'about:blank', title: answer.statusText, status: answer.status, detail: answer.statusText };
  return new Problem({ ...shown, status: answer.status }, wait > 0 ? wait : null);
}

interface Outcome<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The answer's body, or the refusal thrown: `await ask(api.GET('/api/v1/me'))`. */
export async function ask<T>(call: Promise<Outcome<T>>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw await problemOf(response, error);
  return data as T;
}

/** Every row of a paged list, page after page. */
export async function askAll<T>(
  page: (after: string | undefined) => Promise<Outcome<{ items: T[]; next?: string | null }>>,
  limit = 10_000,
): Promise<T[]> {
  const rows: T[] = [];
  let after: string | undefined;
  do {
    const found = await ask(page(after));
    rows.push(...found.items);
    after = found.next ?? undefined;
  } while (after !== undefined && rows.length < limit);
  return rows;
}

/** The address of a list as a file; what is null is left out. */
export function fileOf(path: string, query: Readonly<Record<string, string | null | undefined>>): string {
  const given = Object.entries(query).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return `${path}?${new URLSearchParams(given)}`;
}
