/** Crockford's base 32: no I, L, O and U. */
const ALPHABET = /^[0-9A-HJKMNP-TV-Z]{8}$/;

export type TypedCode =
  | { readonly kind: 'code'; readonly code: string }
  /** Too few or too many characters: how many there are. */
  | { readonly kind: 'length'; readonly length: number }
  /** A character that no code has. */
  | { readonly kind: 'character'; readonly character: string };

/** Reads a code as people type it: any case, blanks and hyphens anywhere, O for 0, I and L for 1. U is refused. */
export function readTypedCode(text: string): TypedCode {
  const plain = text
    .slice(0, 200)
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[\s\u2010-\u2015-]/gu, '')
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
  const wrong = Array.from(plain).find((character) => !/[0-9A-HJKMNP-TV-Z]/.test(character));
  if (wrong !== undefined) return { kind: 'character', character: wrong };
  return ALPHABET.test(plain) ? { kind: 'code', code: plain } : { kind: 'length', length: plain.length };
}

/** `ABCD-EFGH`, as the page shows it. */
export function shownCode(code: string): string {
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}

/** Whether a pasted text is such a code and not a link: then it goes into the form. */
export function looksLikeCode(text: string): boolean {
  return text.length <= 20 && readTypedCode(text).kind === 'code';
}
