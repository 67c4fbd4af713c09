import { Refused } from './refused.ts';

/** Levels of arrays and objects, the outermost counted. */
const MAX_DEPTH = 8;

/** Who made a part of a text: browsers make WebAuthn's JSON, in which `null` and fractions may stand. */
type Whose = 'ours' | 'border' | 'foreign';

const BLANK = /[ \t\n\r]*/y;
// Control characters end the match: RFC 8259 section 7 wants them escaped.
const STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;

/**
 * Reads JSON under the rules of section 1: one object, no member twice at any depth, eight levels, whole numbers below
 * 2^53, no `null`. Two readers that disagree about a doubled member could be played off against each other.
 */
export function parseJson(bytes: Uint8Array): Record<string, unknown> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new Refused('json', error);
  }
  return parseJsonText(text);
}

/** The same for a text. */
export function parseJsonText(text: string): Record<string, unknown> {
  new Checker(text).check();
  return JSON.parse(text) as Record<string, unknown>;
}

/** Walks over a text and builds nothing: `JSON.parse` does that afterwards. */
class Checker {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  check(): void {
    this.#take(BLANK);
    if (this.#text[this.#at] !== '{') throw new Refused('json');
    this.#value(MAX_DEPTH, 'ours');
    this.#take(BLANK);
    if (this.#at !== this.#text.length) throw new Refused('json');
  }

  #value(levels: number, whose: Whose): void {
    this.#take(BLANK);
    const inside = whose === 'ours' ? 'ours' : 'foreign';
    switch (this.#text[this.#at]) {
      case '{':
        this.#members(levels - 1, inside);
        break;
      case '[':
        this.#items(levels - 1, inside);
        break;
      case '"':
        this.#string();
        break;
      case 't':
      case 'f':
      case 'n':
        if (this.#must(WORD)[0] === 'null' && whose !== 'foreign') throw new Refused('json');
        break;
      default:
        this.#number(whose);
    }
  }

  #members(levels: number, whose: Whose): void {
    this.#open(levels);
    const seen = new Set<string>();
    if (this.#next('}')) return;
    do {
      this.#take(BLANK);
      const name = this.#string();
      if (seen.has(name) || !this.#next(':')) throw new Refused('json');
      seen.add(name);
      const border = whose === 'ours' && (name === 'webauthn' || name === 'credential');
      this.#value(levels, border ? 'border' : whose);
    } while (this.#next(','));
    if (!this.#next('}')) throw new Refused('json');
  }

  #items(levels: number, whose: Whose): void {
    this.#open(levels);
    if (this.#next(']')) return;
    do this.#value(levels, whose);
    while (this.#next(','));
    if (!this.#next(']')) throw new Refused('json');
  }

  #open(levels: number): void {
    if (levels < 0) throw new Refused('json');
    this.#at++;
  }

  #string(): string {
    const name = JSON.parse(this.#must(STRING)[0]) as string;
    // A lone surrogate is no character: UTF-8 cannot say it, so another reader would read something else.
    if (/\p{Cs}/u.test(name)) throw new Refused('json');
    return name;
  }

  #number(whose: Whose): void {
    const [number, fraction, exponent] = this.#must(NUMBER);
    if (whose === 'foreign') return;
    const whole = fraction === undefined && exponent === undefined && number !== '-0';
    if (!whole || !Number.isSafeInteger(Number(number))) throw new Refused('json');
  }

  #next(sign: string): boolean {
    this.#take(BLANK);
    if (this.#text[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found) this.#at = pattern.lastIndex;
    return found;
  }

  #must(pattern: RegExp): RegExpExecArray {
    const found = this.#take(pattern);
    if (!found) throw new Refused('json');
    return found;
  }
}
