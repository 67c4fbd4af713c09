import { assemble } from './assemble.ts';
import type { Phones } from './phones.ts';

let opened: Promise<Phones> | undefined;

/**
 * The same for the service worker, without the arithmetic of the PIN and without the platform's authenticator: nobody
 * can unlock anything there, and the worker stays small. Opened once for all pushes of the worker's life.
 */
export async function openPhonesInWorker(): Promise<Phones> {
  opened ??= assemble({}, undefined);
  try {
    return await opened;
  } catch (error) {
    opened = undefined;
    throw error;
  }
}
