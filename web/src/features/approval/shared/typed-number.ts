/** What a person may do to the number while typing it. */
export type Key =
  | { readonly kind: 'digit'; readonly digit: string }
  | { readonly kind: 'erase' }
  | { readonly kind: 'clear' }
  | { readonly kind: 'paste'; readonly text: string };

// Zero of each row of digits that a keyboard may send in place of the ASCII ones: Arabic, Persian, full width.
const ZEROS = [0x30, 0x660, 0x6f0, 0xff10];

/** One decimal digit as ASCII, or nothing. The protocol knows ASCII digits only; keyboards know more. */
export function asciiDigit(character: string): string | undefined {
  const point = character.codePointAt(0);
  if (point === undefined || String.fromCodePoint(point) !== character) return undefined;
  const zero = ZEROS.find((zero) => point >= zero && point < zero + 10);
  return zero === undefined ? undefined : String(point - zero);
}

/**
 * The number after a key. A digit too many changes nothing, so that a bounce of the last key does not push the first
 * digit out. A pasted text counts only if it is exactly such a number.
 */
export function press(typed: string, length: number, key: Key): string {
  switch (key.kind) {
    case 'digit': {
      const digit = asciiDigit(key.digit);
      return digit === undefined || typed.length >= length ? typed : typed + digit;
    }
    case 'erase':
      return typed.slice(0, -1);
    case 'clear':
      return '';
    case 'paste': {
      const digits = Array.from(key.text.slice(0, 64).replace(/[\s-]/gu, ''), asciiDigit);
      return digits.length === length && digits.every((digit) => digit !== undefined) ? digits.join('') : typed;
    }
  }
}

/** The key of a keyboard event's `key`, where it is one. */
export function keyOf(key: string): Key | undefined {
  if (key === 'Backspace' || key === 'Delete') return { kind: 'erase' };
  return asciiDigit(key) === undefined ? undefined : { kind: 'digit', digit: key };
}
