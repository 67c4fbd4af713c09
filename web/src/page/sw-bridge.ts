/** Between the page and the service worker. */
import { signal } from '@preact/signals';
import * as v from 'valibot';
import { navigate } from './router.ts';

const answer = v.object({ build: v.optional(v.string()) });
const asked = v.variant('type', [
  v.object({ type: v.literal('open'), path: v.pipe(v.string(), v.regex(/^\/app\/[\w/-]*$/)) }),
  v.object({ type: v.literal('test-arrived') }),
]);
const PATIENCE = 4000;
/** An app that stays open for days still learns of an update. */
const LOOK_AGAIN = 6 * 3600 * 1000;

/** A newer version lies ready and waits for a tap. */
export const updateWaiting = signal(false);
export const build = signal<string | undefined>(undefined);

/** How many pushes that were asked for as a test the worker has shown. */
export const testsArrived = signal(0);

let replaced = false;
/** Another tab let a newer version take over: files of this one that were not loaded yet can't be had any more. */
export const isReplaced = (): boolean => replaced;

let registration: ServiceWorkerRegistration | undefined;

/** The one address that may become a worker's script. */
function workerUrl(): string | TrustedScriptURL {
  const address = '/app/sw.js';
  const types = globalThis.trustedTypes;
  if (!types) return address;
  const policy = types.createPolicy('sw', {
    createScriptURL: (url: string) => {
      if (url === address) return url;
      throw new TypeError('not our worker');
    },
  });
  return policy.createScriptURL(address);
}

/** Hears where a notice leads, and that a test came. Before anything that waits: a message that comes without a listener is lost. */
export function listenToWorker(): void {
  navigator.serviceWorker?.addEventListener('message', ({ data }) => {
    const message = v.safeParse(asked, data);
    if (!message.success) return;
    if (message.output.type === 'open') navigate(message.output.path);
    else testsArrived.value += 1;
  });
}

export async function startWorker(note: (event: string) => void): Promise<void> {
  const container = navigator.serviceWorker;
  if (!container) return note('worker none');
  if (container.controller)
    container.addEventListener('controllerchange', () => {
      replaced = true;
      updateWaiting.value = false;
    });
  try {
    registration = await container.register(workerUrl() as string, { scope: '/app/', updateViaCache: 'none' });
  } catch (error) {
    note(`worker refused ${error instanceof Error ? error.name : ''}`);
    return;
  }
  const look = () => {
    // Without a controller the first version is being installed: nothing is updated.
    updateWaiting.value = registration?.waiting != null && container.controller != null;
  };
  look();
  registration.addEventListener('updatefound', () => {
    registration?.installing?.addEventListener('statechange', look);
  });
  setInterval(() => void registration?.update().catch(() => undefined), LOOK_AGAIN);
  await container.ready;
  const told = await tell({ type: 'build' });
  build.value = told?.build;
}

/** Lets the waiting version take over. The page starts anew under it. */
export function applyUpdate(): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  registration?.waiting?.postMessage({ type: 'skip-waiting' });
}

/** Asks the active worker; undefined if there is none or it does not answer. */
export async function tell(message: { readonly type: string }): Promise<v.InferOutput<typeof answer> | undefined> {
  const worker = (await ready())?.active;
  if (!worker) return undefined;
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const timer = setTimeout(() => resolve(undefined), PATIENCE);
    port1.onmessage = ({ data }) => {
      clearTimeout(timer);
      const parsed = v.safeParse(answer, data);
      resolve(parsed.success ? parsed.output : undefined);
    };
    worker.postMessage(message, [port2]);
  });
}

/** The registration once its worker is active; undefined where that does not come. */
export async function ready(): Promise<ServiceWorkerRegistration | undefined> {
  if (!navigator.serviceWorker) return undefined;
  const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), PATIENCE));
  return Promise.race([navigator.serviceWorker.ready, late]);
}
