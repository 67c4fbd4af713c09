/** A foreign name inside a sentence: its direction stays its own (FIRST STRONG ISOLATE and its end, UAX 9). */
export function isolated(name: string): string {
  return `\u2068${name}\u2069`;
}
