// Short words at the screen's edge: done, or refused and why.
import { notifications } from '@mantine/notifications';
import { Problem } from '@/api/client';
import { language } from '@/lib/i18n';
import words from './words';

export function tellDone(message: string): void {
  notifications.show({ message, color: 'accent', autoClose: 4000 });
}

export function tellProblem(error: unknown): void {
  const t = words[language()];
  const problem = error instanceof Problem ? error : null;
  const title =
    problem?.status === 0 ? t.offline : problem?.status === 429 ? t.tooMany : (problem?.body.title ?? t.failed);
  const detail = problem?.status === 0 ? t.offlineHint : error instanceof Error ? error.message : String(error);
  const wait = problem?.retryAfterSeconds ? ` ${t.tooManyHint(problem.retryAfterSeconds)}` : '';
  notifications.show({ title, message: detail + wait, color: 'crit', autoClose: 10_000 });
}
