import type { Invitation, Phones, Reading } from '../../../shared/phone/phones.ts';
import { shownHost } from './hosts.ts';
import { looksLikeCode } from './typed-code.ts';

/** What a scanned, pasted or opened text turned out to be. All but the first two are told in words of their own. */
export type Found =
  | { readonly kind: 'invitation'; readonly invitation: Invitation }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'too_long' }
  | { readonly kind: 'other_server'; readonly host: string | undefined }
  | { readonly kind: 'damaged' }
  | { readonly kind: 'otpauth' }
  | { readonly kind: 'web_address'; readonly host: string | undefined }
  | { readonly kind: 'other' };

/** An enrolment link has some 130 characters; a QR code holds up to 7089. */
const LONGEST = 2000;

/** Sorts a text from outside. Nothing of it is ever opened. */
export function sort(phones: Pick<Phones, 'read'>, text: string): Found {
  const plain = text.trim();
  if (plain === '') return { kind: 'nothing' };
  if (plain.length > LONGEST) return { kind: 'too_long' };
  if (looksLikeCode(plain)) return { kind: 'code', text: plain };
  return sorted(phones.read(plain), plain);
}

function sorted(reading: Reading, text: string): Found {
  switch (reading.kind) {
    case 'other_server':
      return { kind: 'other_server', host: shownHost(reading.origin) };
    case 'other':
      return /^https?:/i.test(text) ? { kind: 'web_address', host: shownHost(text) } : { kind: 'other' };
    default:
      return reading;
  }
}
