// Instants on the screen: always UTC, always said so where it could be mistaken.
import type { Language } from './i18n';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const two = (value: number): string => String(value).padStart(2, '0');

/** `18 Nov` or `11月18日`, with the year where it is not this one. */
export function day(instant: string | Date, language: Language, now: Date = new Date()): string {
  const at = new Date(instant);
  const year = at.getUTCFullYear() === now.getUTCFullYear() ? null : at.getUTCFullYear();
  if (language === 'zh') return `${year === null ? '' : `${year}年`}${at.getUTCMonth() + 1}月${at.getUTCDate()}日`;
  return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}${year === null ? '' : ` ${year}`}`;
}

/** `09:41:07`. */
export function clock(instant: string | Date, { seconds = true }: { seconds?: boolean } = {}): string {
  const at = new Date(instant);
  const text = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
  return seconds ? `${text}:${two(at.getUTCSeconds())}` : text;
}

/** `18 Nov 02:14`; UTC is said once, in the header. */
export function moment(instant: string | Date, language: Language, now?: Date): string {
  return `${day(instant, language, now)} ${clock(instant, { seconds: false })}`;
}

/** `2026-11-18 02:14:00 UTC`: nothing left out, for hover and evidence. */
export function full(instant: string | Date): string {
  const at = new Date(instant);
  return `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())} ${clock(at)} UTC`;
}

/** `40 s`, `12 min`, `3 h`, `5 d`: how old something is. */
export function age(seconds: number, language: Language): string {
  const units = language === 'zh' ? [' 秒', ' 分钟', ' 小时', ' 天'] : [' s', ' min', ' h', ' d'];
  const [count, unit] =
    seconds < 60
      ? [seconds, 0]
      : seconds < 3600
        ? [seconds / 60, 1]
        : seconds < 2 * 86400
          ? [seconds / 3600, 2]
          : [seconds / 86400, 3];
  return `${Math.floor(count)}${units[unit]}`;
}
