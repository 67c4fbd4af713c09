/** Strings that people read, and ids (section 1): what may stand in them. */

import { decodeExactly } from './bytes.ts';

/**
 * First and last of each range of characters that may not stand in a string that people read: controls, separators of
 * lines, characters that turn the reading direction, and those that show nothing. A name with one could lie on a screen.
 */
export const FORBIDDEN: readonly (readonly [number, number])[] = [
  [0, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  // Halves of a pair that stand alone are no characters. JSON of the protocol has none, a keyboard may give one.
  [0xd800, 0xdfff],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffb],
  [0x1bca0, 0x1bca3],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
];

/** The longest name, in characters. */
export const MAX_NAME = 64;

/** Whether a string of 1 to `max` characters is safe to show. */
export function isText(text: string, max: number): boolean {
  const points = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  return (
    text.trim() !== '' &&
    points.length <= max &&
    !points.some((point) => FORBIDDEN.some(([first, last]) => first <= point && point <= last)) &&
    text === text.normalize('NFC')
  );
}

/** What a person typed, composed and without blanks at the ends; still to be checked. */
export const compose = (typed: string): string => typed.trim().normalize('NFC');

/** The id of an enrolment, phone, request, change or proof: base64url of 16 bytes. */
export const isId = (text: string): boolean => decodeExactly(text, 16) !== undefined;

/** The id of an account or an app. */
export const isHandle = (text: string): boolean => /^[A-Za-z0-9_.-]{1,64}$/.test(text) && !text.endsWith('\n');
