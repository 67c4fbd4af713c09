import { type Bytes, utf8 } from './bytes.ts';

/** What a hash or key is for (section 1). */
export type Purpose =
  | 'commit'
  | 'enrol-uv'
  | 'uv'
  | 'sas'
  | 'pin-kek'
  | 'pin-change'
  | 'rotate'
  | 'enrol-start'
  | 'setting';

/** `LBL/x`: separates one use of a key or hash from another. */
export const label = (purpose: Purpose): Bytes => utf8(`akkoord/${purpose}/v1\0`);
