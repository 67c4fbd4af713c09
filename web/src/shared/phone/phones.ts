/** What the phone's side is made of, as the screens see it. `open.ts` makes a `Phones`. */

/** Why something did not happen. Each kind has its own words on the screen; nothing is lost by any of them. */
export type FailureKind =
  /** No answer: no network, or the server is away. `navigator.onLine` says nothing about it. */
  | 'offline'
  /** An answer that the protocol does not know. Nothing of it was used. */
  | 'garbled'
  /** The server refused: `code` and its members are those of docs/protocol.md, section 4. */
  | 'refused'
  /** This phone was removed from the account: `removedAt`, `removedBy`. */
  | 'removed'
  /** 429 or 503: `retryAfter`, in seconds. */
  | 'busy'
  /** The server's key is none that this phone pinned, or its chain of keys does not hold. */
  | 'server_key'
  /** The offer of an enrolment is not the one that it must be; somebody may stand between. */
  | 'offer'
  /** The PIN did not unwrap the key: `left` tries. */
  | 'wrong_pin'
  /** The platform authenticator was cancelled, timed out or failed. */
  | 'unlock_cancelled'
  /** The platform's credential is gone, or the platform has no authenticator. */
  | 'unlock_missing'
  /** The browser gives no storage, or it is full. */
  | 'storage'
  /** The keys of this account are gone from storage, or were made by a newer version. */
  | 'keys_gone'
  /** Another version of the protocol: the app must be updated. */
  | 'version';

export class Failure extends Error {
  override readonly name = 'Failure';
  readonly kind: FailureKind;
  readonly code: string | undefined;
  readonly reason: string | undefined;
  readonly state: string | undefined;
  readonly left: number | undefined;
  readonly retryAfter: number | undefined;
  readonly removedAt: number | undefined;
  readonly removedBy: 'self' | 'user' | 'administrator' | undefined;
  constructor(kind: FailureKind, more: Partial<Omit<Failure, keyof Error | 'kind'>> & { cause?: unknown } = {}) {
    super(more.code ? `${kind}: ${more.code}` : kind, { cause: more.cause });
    this.kind = kind;
    this.code = more.code;
    this.reason = more.reason;
    this.state = more.state;
    this.left = more.left;
    this.retryAfter = more.retryAfter;
    this.removedAt = more.removedAt;
    this.removedBy = more.removedBy;
  }
}

export type Unlock = 'webauthn' | 'pin';

/** The platform's authenticator: the page has one (`page/platform.ts`), the worker none. JSON as in WebAuthn level 3. */
export interface PlatformAuthenticator {
  /** Whether this phone verifies its user by finger, face or screen lock. */
  available(): Promise<boolean>;
  /** PublicKeyCredentialCreationOptionsJSON in, RegistrationResponseJSON out. Throws a `Failure`. */
  create(options: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** PublicKeyCredentialRequestOptionsJSON in, AuthenticationResponseJSON out. Throws a `Failure`. */
  get(options: Record<string, unknown>): Promise<Record<string, unknown>>;
}

/** Beside the database, and not deleted with it: whether accounts were given to this browser, and nothing about them. */
export interface Mark {
  isSet(): boolean;
  set(on: boolean): void;
}

/** How a person unlocks an approval: the platform asks by itself, a PIN was typed. */
export type Unlocking = { method: 'webauthn' } | { method: 'pin'; pin: string };

export interface AccountName {
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly organisation: string | undefined;
  readonly kind: 'work' | 'personal';
}

export interface Policy {
  readonly pin_min: number;
  readonly app_pin: boolean;
  readonly number_digits: number;
  readonly one_work_account_per_phone: boolean;
}

/** One account on this phone, without its keys. */
export interface Account {
  /** The phone's id at this account; our key for it. */
  readonly phone: string;
  /** The phone's name, as the account page shows it. */
  readonly name: string;
  readonly account: AccountName;
  /** The server's name: the address of its sign-in pages. */
  readonly iss: string;
  readonly policy: Policy;
  /** What is set up here and allowed by policy. */
  readonly unlock: readonly Unlock[];
  readonly phoneSignIn: boolean;
  /** Until when browsers that the account does not know don't ring, after a report or a denial; the server's seconds. */
  readonly quietUntil: number | undefined;
  /** Whether the server has a push subscription of this phone. */
  readonly push: boolean;
  /** `locked`: no PIN tries left. `removed`: known from the server. `broken`: keys gone from storage. */
  readonly state: 'active' | 'locked' | 'removed' | 'broken';
  readonly removed: { readonly at: number; readonly by: 'self' | 'user' | 'administrator' } | undefined;
  readonly hasCodes: boolean;
  /** Seconds, the server's time. */
  readonly addedAt: number;
  readonly lastUsedAt: number | undefined;
}

/** A verification code and until when it is shown. */
export interface Code {
  readonly digits: string;
  /** Seconds left, a fraction included. */
  readonly left: number;
  readonly period: number;
}

export interface RequestContext {
  readonly ip: string | undefined;
  readonly net: string | undefined;
  readonly place: string | undefined;
  readonly browser: string | undefined;
  /** Whether this browser signed the account in before. */
  readonly known: boolean;
  /** When the browser asked, in seconds of the server. */
  readonly at: number;
}

export type Operation =
  | 'signin'
  | 'second-step'
  | 'step-up'
  | 'factor'
  | 'recovery'
  | 'computer'
  | 'transaction'
  | 'practice';

/** A request whose signature was checked. Nothing else is ever shown as one. */
export interface Request {
  readonly id: string;
  /** The phone's id at the account that is asked. */
  readonly phone: string;
  readonly account: AccountName;
  readonly op: Operation;
  readonly app: { readonly id: string; readonly name: string };
  readonly ctx: RequestContext;
  readonly number:
    | { readonly mode: 'enter'; readonly digits: 2 | 3 | 6 }
    | { readonly mode: 'choose'; readonly options: readonly [string, string, string] };
  /** Methods that suffice, of those that this phone has. */
  readonly unlock: readonly Unlock[];
  readonly text: string | undefined;
  /** Server's seconds. */
  readonly iat: number;
  readonly exp: number;
}

/** What the requests of all accounts are now. */
export interface Waiting {
  readonly requests: readonly Request[];
  /** Accounts whose requests could not be asked for or read. */
  readonly failures: readonly { readonly phone: string; readonly failure: Failure }[];
}

export type Decision = 'approve' | 'deny' | 'report';

/** How a decision ended: the state that the server told. */
export type Outcome =
  | { readonly kind: 'approved' | 'denied' | 'reported' }
  /** The number was wrong; the request is over. */
  | { readonly kind: 'wrong_number' }
  /** Somebody or something was faster: `state` as in the protocol. */
  | { readonly kind: 'settled'; readonly state: string }
  | { readonly kind: 'expired' };

export interface HistoryEntry {
  readonly id: string;
  readonly at: number;
  readonly op: Operation;
  readonly app: { readonly id: string; readonly name: string };
  readonly ctx: RequestContext;
  readonly state: string;
  readonly phone: string | undefined;
  readonly mine: boolean;
}

export type Invitation =
  | { readonly kind: 'link'; readonly token: string; readonly thumbprint: string }
  | { readonly kind: 'code'; readonly username: string; readonly code: string };

/** What a scanned, pasted or opened text is. */
export type Reading =
  | { readonly kind: 'invitation'; readonly invitation: Invitation }
  /** A link of Akkoord's form to another server; `origin` may be shown, and is never opened by itself. */
  | { readonly kind: 'other_server'; readonly origin: string }
  /** A link of this server that is damaged. */
  | { readonly kind: 'damaged' }
  /** Codes of another service (`otpauth:`); not yet taken in. */
  | { readonly kind: 'otpauth' }
  | { readonly kind: 'other' };

/** An enrolment under way. The steps must be done in this order; each throws a `Failure` and may be tried again. */
export interface Enrolment {
  /** After `claim`: who is being added. */
  readonly account: AccountName;
  readonly policy: Policy;
  /** Methods that policy allows. */
  readonly unlock: readonly Unlock[];
  /** A PIN is wanted besides the platform's authenticator. */
  readonly pinToo: boolean;
  /** Until when it must be proved, in seconds of the server. */
  readonly exp: number;
  /** A PIN for the account's key; throws `Failure` 'refused' with code `weak_pin` and reason `short`, `common` or `digits`. */
  setPin(pin: string): Promise<void>;
  /** A key in the phone's hardware. */
  setPlatform(): Promise<void>;
  /** Sends the proof; from here on the enrolment survives a restart of the app (see `Phones.unfinished`). */
  prove(name: string): Promise<Proved>;
}

export interface Proved {
  readonly account: AccountName;
  /** Six digits, to type into the page. */
  readonly digits: string;
  /** Until when, in seconds of the server. */
  readonly exp: number;
  /** Waits until the page took the digits. Throws a `Failure`: 'refused' with `state` REJECTED, EXPIRED or CANCELLED at an end; 'offline' may be waited through. */
  wait(signal: AbortSignal): Promise<Account>;
  /** Deletes what was made here. */
  forget(): Promise<void>;
}

/** A stream of one account's events, open while the app is visible. */
export type StreamEvent =
  | { readonly kind: 'waiting'; readonly phone: string; readonly request: string }
  | { readonly kind: 'settled'; readonly phone: string; readonly request: string; readonly state: string }
  | { readonly kind: 'removed'; readonly phone: string }
  | { readonly kind: 'open' | 'lost'; readonly phone: string };

export interface Phones {
  /** Seconds of the server, as far as known. */
  now(): number;
  /** Seconds that this phone's clock is off, if a server told the time. */
  clockOff(): number | undefined;
  accounts(): Promise<readonly Account[]>;
  /** Calls back whenever an account was added, changed or removed, also by another tab or the worker. */
  onChange(listener: () => void): () => void;
  /** Where there are no accounts: whether there were some that nobody removed, as far as this browser can tell. */
  evicted(): boolean;

  read(text: string): Reading;
  /** Claims: makes the phone's key and asks for the offer, checked. */
  enrol(invitation: Invitation): Promise<Enrolment>;
  /** An enrolment that waits for its digits, after the app was closed. */
  unfinished(): Promise<Proved | undefined>;

  /** Asks all accounts. */
  pending(): Promise<Waiting>;
  /** Keeps a stream per account until aborted; reconnects by itself. */
  stream(listener: (event: StreamEvent) => void, signal: AbortSignal): void;
  /** `number` and `unlocking` with approve only. A lost answer may be asked for again: the same decision is sent. */
  decide(request: Request, decision: Decision, number?: string, unlocking?: Unlocking): Promise<Outcome>;
  /** "I am signing in now": until when, in seconds of the server. */
  expect(phone: string): Promise<number>;
  history(phone: string, before?: string): Promise<readonly HistoryEntry[]>;
  /** Ended sessions. */
  report(phone: string, entry: string): Promise<number>;

  /** Brings an account's state from the server: name, policy, lock, removal, key rolls. */
  refresh(phone: string): Promise<Account>;
  rename(phone: string, name: string): Promise<void>;
  /** On needs an unlocking by the platform; off none. */
  setPhoneSignIn(phone: string, on: boolean, unlocking?: Unlocking): Promise<Account>;
  /** Lets browsers that the account does not know ring again after a report or a denial. */
  endQuiet(phone: string, unlocking: Unlocking): Promise<Account>;
  changePin(phone: string, old: string | undefined, fresh: string): Promise<void>;
  /** Removes the phone at the server, then here. */
  unregister(phone: string): Promise<void>;
  /** Removes here only: for an account that the server removed, or whose server is gone. */
  forget(phone: string): Promise<void>;
  code(phone: string): Promise<Code | undefined>;

  /** The server's public key for pushes, as bytes for `PushManager.subscribe`. */
  pushKey(phone: string): Promise<Uint8Array<ArrayBuffer>>;
  setPush(phone: string, subscription: PushSubscriptionJSON | undefined): Promise<void>;
  /** Asks the server for a push to this phone; false where it has no address for it. */
  testPush(phone: string): Promise<boolean>;
}

/** As `PushSubscription.toJSON` gives it. */
export interface PushSubscriptionJSON {
  readonly endpoint?: string;
  readonly expirationTime?: number | null;
  readonly keys?: Record<string, string>;
}
