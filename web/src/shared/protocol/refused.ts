/** The check that refused a message, link, code or PIN. The words are those of `crates/protocols/tests/vectors`. */
export type Check =
  | 'form'
  | 'header'
  | 'type'
  | 'key'
  | 'signature'
  | 'version'
  | 'claims'
  | 'json'
  | 'insecure'
  | 'server key'
  | 'commitment'
  | 'address'
  | 'incomplete'
  | 'misdirected'
  | 'expired'
  | 'senseless'
  | 'proof'
  | 'wrong';

/** Something from outside that is not what the protocol asks for. Nothing of it may be used. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly check: Check;
  constructor(check: Check, cause?: unknown) {
    super(`refused: ${check}`, { cause });
    this.check = check;
  }
}
