/** The part of Trusted Types that we use; the compiler's own library does not know them yet. */
interface TrustedScriptURL {
  toString(): string;
}
declare var trustedTypes:
  | {
      createPolicy(
        name: string,
        rules: { createScriptURL(url: string): string },
      ): { createScriptURL(url: string): TrustedScriptURL };
    }
  | undefined;
