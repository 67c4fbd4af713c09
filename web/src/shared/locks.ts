/** What two tabs and the worker may not do at once. */

const held = new Map<string, Promise<unknown>>();

/**
 * Does `work` while nobody else in this browser holds the same name (Web Locks). Without that interface the name is held
 * in this context only; what is stored is still written in one transaction.
 */
export async function exclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks: LockManager | undefined = globalThis.navigator?.locks;
  if (locks) return locks.request(`akkoord/${name}`, work) as Promise<T>;
  const before = held.get(name);
  const own = Promise.resolve(before).then(work, work);
  const settled = own.then(
    () => undefined,
    () => undefined,
  );
  held.set(name, settled);
  try {
    return await own;
  } finally {
    if (held.get(name) === settled) held.delete(name);
  }
}
