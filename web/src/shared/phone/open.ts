import { assemble, type Options } from './assemble.ts';
import type { Phones } from './phones.ts';

/**
 * Opens what this browser keeps, for the page. Throws `Failure` 'storage' where there is no storage, and 'version' where
 * a newer version of the app was here. The arithmetic of the PIN is loaded where a PIN is used.
 */
export const openPhones = (options: Options): Promise<Phones> => assemble(options, () => import('../protocol/pin.ts'));
