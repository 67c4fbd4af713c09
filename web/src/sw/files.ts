/** The app's own files, by build. Whatever the server says at `/phone/v1` is never kept. */

declare const self: ServiceWorkerGlobalScope;
declare const BUILD: string;
declare const FILES: readonly string[];

const OURS = 'akkoord-app-';
const CACHE = OURS + BUILD;
const BASE = '/app/';
const SHELL = `${BASE}index.html`;

const kept: ReadonlySet<string> = new Set(FILES.map((file) => BASE + file));

/** All or nothing: a build of which a file is missing must not be installed. */
export async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  // Past the HTTP cache, which may still have an older page under the same name.
  await cache.addAll([...kept].map((path) => new Request(path, { cache: 'reload' })));
}

export async function deleteOld(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(OURS) && name !== CACHE).map((name) => caches.delete(name)));
}

/** The kept file, or the page for an address inside the app; undefined for what is not ours to answer. */
export function fromCache(request: Request): Promise<Response> | undefined {
  if (request.method !== 'GET') return undefined;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin || !url.pathname.startsWith(BASE)) return undefined;
  if (request.mode === 'navigate') return answer(SHELL, request);
  return kept.has(url.pathname) ? answer(url.pathname, request) : undefined;
}

async function answer(path: string, request: Request): Promise<Response> {
  // The browser may have emptied the cache under storage pressure.
  return (await (await caches.open(CACHE)).match(path)) ?? fetch(request);
}
