/** What the app runs on, in the words of the protocol (section 3). Shown to people, and nothing is decided by it. */

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/android/i, 'android'],
  [/iphone|ipad|ipod/i, 'ios'],
  [/cros/i, 'chromeos'],
  [/windows/i, 'windows'],
  [/mac/i, 'macos'],
  [/linux/i, 'linux'],
];

export function platformWord(agent: string = globalThis.navigator?.userAgent ?? ''): string {
  return WORDS.find(([pattern]) => pattern.test(agent))?.[1] ?? 'other';
}
