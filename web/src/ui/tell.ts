// Short words at the screen's edge: done, or refused and why.
import { notifications } from '@mantine/notifications';
import { Problem } from '@/api/client';
import { language } from '@/lib/i18n';
import { titleOf } from '@/lib/problems';
import words from './words';

export function tellDone(message: string): void {
  notifications.show({ message, color: 'accent', autoClose: 4000, ...closing() });
}

export function tellProblem(error: unknown): void {
  notifications.show({ ...toldOf(error), color: 'crit', autoClose: 10_000, ...closing() });
}

/** The name of the button that closes one, for who cannot see its cross. */
function closing() {
  return { closeButtonProps: { 'aria-label': words[language()].close } };
}

interface Told {
  readonly title: string;
  readonly message: string;
}

/** A refusal in two lines: what it is called in the chosen language, and the server's sentence about the case. */
export function toldOf(error: unknown): Told {
  const t = words[language()];
  const problem = error instanceof Problem ? error : null;
  if (problem?.status === 0) return { title: t.offline, message: t.offlineHint };
  const wait = problem?.retryAfterSeconds ? ` ${t.tooManyHint(problem.retryAfterSeconds)}` : '';
  const title = problem === null ? t.failed : problem.status === 429 ? t.tooMany : titleOf(problem.body, language());
  return { title, message: (error instanceof Error ? error.message : String(error)) + wait };
}

/** The same in one line, for forms: English needs no more than the sentence. */
export function saidOf(error: Error): string {
  const { title, message } = toldOf(error);
  if (error instanceof Problem && error.status === 0) return title;
  return language() === 'en' ? message : `${title}：${message}`;
}
