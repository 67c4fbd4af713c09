/** What this server is called and where its pages are; kept, for starts without a network. */
import { type ReadonlySignal, signal } from '@preact/signals';
import * as v from 'valibot';
import { ask } from '../shared/http.ts';
import type { Store } from '../shared/kv.ts';
import type { Server } from '../ui/app.ts';

const KEY = 'app/server';
const url = v.pipe(v.string(), v.url(), v.regex(/^https?:/), v.maxLength(255));
const server = v.object({
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  public_url: url,
  phone_url: url,
  push: v.optional(v.boolean(), false),
});

export function startServer(store: Store): ReadonlySignal<Server | undefined> {
  const now = signal<Server | undefined>(undefined);
  const read = async () => {
    now.value = await store.get(KEY, server).catch(() => undefined);
    const answer = await ask({ method: 'GET', url: '/app/server.json' });
    if (answer.status !== 200) return;
    const told = v.safeParse(server, JSON.parse(new TextDecoder().decode(answer.body)));
    if (!told.success) return;
    now.value = told.output;
    await store.write({ [KEY]: told.output });
  };
  // Without it the app says "your computer" in place of an address; nothing else is missing.
  read().catch(() => undefined);
  return now;
}
