import { compose, isText, MAX_NAME } from '../../../shared/protocol/text.ts';
import { shownText } from './hosts.ts';

export type PlatformName = 'android' | 'iphone' | 'ipad' | 'windows' | 'mac' | 'linux' | 'chromeos' | 'other';

/** What the browser says of itself. Safari on an iPad calls itself a Mac; only its fingers give it away. */
export function platformName(agent: string, touchPoints: number): PlatformName {
  if (/iphone|ipod/i.test(agent)) return 'iphone';
  if (/ipad/i.test(agent) || (/macintosh/i.test(agent) && touchPoints > 1)) return 'ipad';
  if (/android/i.test(agent)) return 'android';
  if (/cros/i.test(agent)) return 'chromeos';
  if (/windows/i.test(agent)) return 'windows';
  if (/macintosh/i.test(agent)) return 'mac';
  return /linux/i.test(agent) ? 'linux' : 'other';
}

/** A model that a person would know, as "Pixel 7"; reduced user agents say "K". */
export function knownModel(model: string | undefined): string | undefined {
  const shown = shownText(model ?? '');
  return shown.length >= 3 && shown.length <= 40 ? shown : undefined;
}

/** Why a name can't be taken, by the protocol's rule for text that people read. */
export function nameProblem(typed: string): 'empty' | 'long' | 'characters' | undefined {
  const name = compose(typed);
  if (name === '') return 'empty';
  if (Array.from(name).length > MAX_NAME) return 'long';
  return isText(name, MAX_NAME) ? undefined : 'characters';
}
