// Controls, and what turns the direction of text or cannot be seen: a host that holds one is made to look like another.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\u115f\u1160\u3164\uffa0]|\p{Variation_Selector}/gu;
const LONGEST = 60;

/** Foreign text that may stand on a screen: one line, nothing that turns or hides, and not longer than one can read. */
export function shownText(text: string): string {
  const plain = text.slice(0, 2000).replace(UNSEEN, '').replace(/\s+/gu, ' ').trim();
  const characters = Array.from(plain);
  return characters.length <= LONGEST ? plain : `${characters.slice(0, LONGEST - 1).join('')}…`;
}

/**
 * The host of a foreign address, fit to be shown: ASCII only, so that letters of another script that look like ours
 * stand there as what they are (`xn--`), and its end kept where it is too long, for the end says whose it is.
 */
export function shownHost(address: string): string | undefined {
  let host: string;
  try {
    host = new URL(address.slice(0, 2000)).host.replace(/[^\x21-\x7e]/g, '');
  } catch {
    return undefined;
  }
  if (host === '') return undefined;
  return host.length <= LONGEST ? host : `…${host.slice(1 - LONGEST)}`;
}
