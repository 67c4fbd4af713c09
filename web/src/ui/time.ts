/** Times as people say them, in the language of the app and the phone's time zone. */
import { language } from './texts.ts';

/** The browser's own variant of the app's language: who reads English may still write dates as at home. */
function locale(): string {
  return navigator.languages.find((tag) => tag.split('-')[0] === language()) ?? language();
}

/** "9:12" today, "Tue 14 Oct, 9:12" this year, with the year before that. */
export function moment(seconds: number, now: number): string {
  const at = new Date(seconds * 1000);
  const today = new Date(now * 1000);
  const time: Intl.DateTimeFormatOptions = { hour: 'numeric', minute: '2-digit' };
  if (at.toDateString() === today.toDateString()) return at.toLocaleTimeString(locale(), time);
  const year: Intl.DateTimeFormatOptions = at.getFullYear() === today.getFullYear() ? {} : { year: 'numeric' };
  return at.toLocaleString(locale(), { weekday: 'short', day: 'numeric', month: 'short', ...year, ...time });
}

/** "14 October 2026". */
export function date(seconds: number): string {
  return new Date(seconds * 1000).toLocaleDateString(locale(), { day: 'numeric', month: 'long', year: 'numeric' });
}

/** "2 minutes ago", in the largest unit that fits. */
export function ago(seconds: number, now: number): string {
  const past = Math.max(0, now - seconds);
  const format = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' });
  if (past < 60) return format.format(-Math.round(past), 'second');
  if (past < 3600) return format.format(-Math.round(past / 60), 'minute');
  if (past < 86_400) return format.format(-Math.round(past / 3600), 'hour');
  return format.format(-Math.round(past / 86_400), 'day');
}
