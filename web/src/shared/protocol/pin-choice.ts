/** Which PIN may be chosen (section 7). Small, so that a screen can say it while somebody types. */

export type Weakness = 'short' | 'common' | 'digits';

/**
 * PINs that the rules below let through and that people take all the same: dates that everybody knows and patterns of
 * the keypad.
 */
const COMMON = new Set(
  (
    '2580 1004 1010 1234 2001 0852 1379 0007 1998 2000 12345 13579 24680 147258 159753 147852 258456 789456 456789 ' +
    '112233 121314 102030 147147 753951'
  ).split(' '),
);

/** Whether a PIN may be chosen: digits, enough of them, and not what a thief tries first. */
export function weaknessOf(pin: string, least: number): Weakness | undefined {
  if (!/^[0-9]*$/.test(pin) || pin.length > 64) return 'digits';
  if (pin.length < Math.max(least, 4)) return 'short';
  const steps = new Set(Array.from(pin.slice(1), (digit, at) => Number(digit) - Number(pin[at])));
  const half = pin.length >> 1;
  const ladder = steps.size === 1 && [0, 1, -1].some((step) => steps.has(step));
  return ladder || pin.slice(0, half) === pin.slice(half) || COMMON.has(pin) ? 'common' : undefined;
}
