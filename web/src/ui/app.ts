/** What the frame gives to screens besides the phone: notices, installing, choices. The frame makes it (`page/`). */
import type { ReadonlySignal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Store } from '../shared/kv.ts';
import type { Account, PlatformAuthenticator } from '../shared/phone/phones.ts';
import type { Language } from './texts.ts';

/**
 * `not_sent`: this server sends none, so nobody is asked for what would never come.
 * `install_first`: an iPhone gives notices to apps on the home screen only.
 */
export type NoticeState = 'not_sent' | 'ask' | 'on' | 'denied' | 'install_first' | 'unsupported';

/** `late`: sent, and not here yet. `no_address`: the server knows nowhere to send it. `failed`: it could not be asked. */
export type TestOutcome = 'arrived' | 'late' | 'no_address' | 'failed';

export interface Notices {
  readonly state: ReadonlySignal<NoticeState>;
  /** Asks the person, so only in a tap; then subscribes the accounts. */
  ask(): Promise<NoticeState>;
  /** Subscribes all accounts that are not, or drops what is no longer allowed. False if a push service didn't answer. */
  refresh(): Promise<boolean>;
  /** Asks the server for a push and waits for it. */
  test(): Promise<TestOutcome>;
  /** When the worker last got a push, in seconds of this phone. */
  lastDelivery(): Promise<number | undefined>;
}

/** `by_hand`: an iPhone or iPad, where the person does it by the share button. */
export type InstallState = 'installed' | 'can' | 'by_hand' | 'cannot';

export interface Install {
  readonly state: ReadonlySignal<InstallState>;
  /** Only in a tap, and only where `can`. */
  ask(): Promise<boolean>;
}

export type Theme = 'system' | 'light' | 'dark';

export interface Choices {
  readonly theme: ReadonlySignal<Theme>;
  setTheme(theme: Theme): Promise<void>;
  setLanguage(language: Language): Promise<void>;
}

/** `server.json`: what this server is called and where its pages are. */
export interface Server {
  readonly name: string;
  readonly public_url: string;
  readonly phone_url: string;
  /** Whether it sends pushes. */
  readonly push: boolean;
}

/** The log: coded events with the time, oldest first. */
export interface Log {
  entries(): Promise<readonly LogEntry[]>;
  clear(): Promise<void>;
}

export interface LogEntry {
  /** Milliseconds of this phone. */
  readonly at: number;
  readonly event: string;
}

export interface App {
  readonly platform: PlatformAuthenticator;
  /** All accounts of this phone, kept up to date; undefined until they were read once. */
  readonly accounts: ReadonlySignal<readonly Account[] | undefined>;
  readonly log: Log;
  /** For what a feature keeps about the app itself, under its own keys. */
  readonly store: Store;
  readonly notices: Notices;
  readonly install: Install;
  readonly choices: Choices;
  /** Undefined until it was read once with a network. */
  readonly server: ReadonlySignal<Server | undefined>;
  /** The content of this build, as the worker names its cache; undefined without a worker. */
  readonly build: ReadonlySignal<string | undefined>;
  /** Asks the browser not to clear our storage. Many say no, and the app works all the same. */
  persist(): Promise<void>;
  /** A coded event for the diagnostic log: no names, no secrets. */
  note(event: string): void;
}

export const AppContext = createContext<App | undefined>(undefined);

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error('no frame around this screen');
  return app;
}
