/**
 * The service worker: keeps the app's files for use without a network, and shows a notice for each push. It trusts no
 * push: what waits is asked of the server and checked as on the page.
 */
import { deleteOld, fromCache, install } from './files.ts';
import { clicked, pushed, resubscribe } from './notices.ts';

declare const self: ServiceWorkerGlobalScope;
declare const BUILD: string;

self.addEventListener('install', (event) => {
  event.waitUntil(install());
});

self.addEventListener('activate', (event) => {
  event.waitUntil(deleteOld().then(() => self.clients.claim()));
});

self.addEventListener('fetch', (event) => {
  const answer = fromCache(event.request);
  if (answer) event.respondWith(answer);
});

self.addEventListener('message', (event) => {
  const type: unknown = event.data?.type;
  const [port] = event.ports;
  // An update takes over when the person taps, never under their hands.
  if (type === 'skip-waiting') event.waitUntil(self.skipWaiting());
  if (type === 'build') port?.postMessage({ build: BUILD });
});

self.addEventListener('push', (event) => {
  event.waitUntil(pushed(event.data));
});

self.addEventListener('notificationclick', (event) => {
  event.waitUntil(clicked(event.notification));
});

self.addEventListener('pushsubscriptionchange', (event) => {
  // The event's type is younger than the compiler's library.
  if (event instanceof ExtendableEvent) event.waitUntil(resubscribe());
});
