import 'fake-indexeddb/auto';
import * as v from 'valibot';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newKeyPair, signEs256 } from './crypto.ts';
import { Store } from './kv.ts';
import { Failure } from './phone/phones.ts';
import { utf8 } from './protocol/bytes.ts';

const open: Store[] = [];
let names = 0;

async function store(name = `test${++names}`): Promise<Store> {
  const opened = await Store.open(name);
  open.push(opened);
  return opened;
}

const kind = async (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => (error instanceof Failure ? error.kind : String(error)),
  );

afterEach(() => {
  for (const one of open.splice(0)) one.close();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const number = v.number();

describe('the store', () => {
  it('keeps, lists in order, and removes', async () => {
    const kv = await store();
    await kv.write({ 'b/2': 2, 'a/1': 1, 'b/1': 1, c: 3 });
    expect(await kv.list('b/')).toEqual([
      { key: 'b/1', value: 1 },
      { key: 'b/2', value: 2 },
    ]);
    await kv.write({ 'b/1': undefined, 'a/1': 5 });
    expect([await kv.get('b/1', number), await kv.get('a/1', number)]).toEqual([undefined, 5]);
  });

  it('keeps a key that nobody can export, also over a restart', async () => {
    const name = `test${++names}`;
    const first = await store(name);
    const pair = await newKeyPair(false);
    await first.write({ key: pair.privateKey });
    first.close();
    const again = await store(name);
    const key = await again.get('key', v.instance(CryptoKey));
    if (!key) throw new Error('no key');
    expect(key.extractable).toBe(false);
    expect((await signEs256(key, utf8('x'))).length).toBe(64);
  });

  it('writes all or nothing', async () => {
    const kv = await store();
    await kv.write({ a: 1 });
    expect(await kind(kv.write({ a: 2, b: () => 'no function can be stored' }))).toBe('storage');
    expect([await kv.get('a', number), await kv.get('b', number)]).toEqual([1, undefined]);
  });

  it('says that what it finds is not what was kept', async () => {
    const kv = await store();
    await kv.write({ a: 'text' });
    expect(await kind(kv.get('a', number))).toBe('keys_gone');
    expect(await kind(kv.update('a', number, () => 1))).toBe('keys_gone');
    expect((await kv.list('a'))[0]?.value).toBe('text');
  });

  it('changes one after the other, from two tabs at once', async () => {
    const name = `test${++names}`;
    const tabs = [await store(name), await store(name)];
    await Promise.all(
      Array.from({ length: 40 }, (_, at) => tabs[at % 2]?.update('count', number, (now = 0) => now + 1)),
    );
    expect(await tabs[0]?.get('count', number)).toBe(40);
  });

  it('tells this tab and others of changes, and of nothing else', async () => {
    const name = `test${++names}`;
    const [here, there] = [await store(name), await store(name)];
    const heard: string[] = [];
    here.onChange((keys) => heard.push(`here ${keys}`));
    const stop = there.onChange((keys) => heard.push(`there ${keys}`));
    await here.write({ a: 1 });
    await vi.waitFor(() => expect(heard).toEqual(['here a', 'there a']));
    await here.update('a', number, (now) => now);
    stop();
    await here.write({ b: 1 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(heard).toEqual(['here a', 'there a', 'here b']);
  });

  it('opens again after the browser closed it', async () => {
    const name = `test${++names}`;
    const kv = await store(name);
    await kv.write({ a: 1 });
    // What another tab's upgrade does: everybody is asked to close.
    await new Promise<void>((resolve) => {
      // biome-ignore lint/style/noRestrictedGlobals: this plays another tab.
      const request = indexedDB.deleteDatabase(name);
      request.onsuccess = () => resolve();
    });
    expect(await kv.get('a', number)).toBeUndefined();
    await kv.write({ a: 2 });
    expect(await kv.get('a', number)).toBe(2);
  });
});

describe('a browser without storage', () => {
  it('is told as such', async () => {
    vi.stubGlobal('indexedDB', undefined);
    expect(await kind(Store.open('x'))).toBe('storage');
    vi.stubGlobal('indexedDB', {
      open: () => {
        throw new DOMException('denied', 'SecurityError');
      },
    });
    expect(await kind(Store.open('x'))).toBe('storage');
  });

  it('is told when it becomes full', async () => {
    const kv = await store();
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    expect(await kind(kv.write({ a: 1 }))).toBe('storage');
  });

  it('is told from one that a newer app has used', async () => {
    const name = `test${++names}`;
    await new Promise<void>((resolve) => {
      // biome-ignore lint/style/noRestrictedGlobals: this plays another tab.
      const request = indexedDB.open(name, 99);
      request.onsuccess = () => {
        request.result.close();
        resolve();
      };
    });
    expect(await kind(Store.open(name))).toBe('version');
  });
});
