/** Theme and language: what the person chose, else what the system says. */
import { type ReadonlySignal, signal } from '@preact/signals';
import * as v from 'valibot';
import type { Store } from '../shared/kv.ts';
import type { Choices, Theme } from '../ui/app.ts';
import { type Language, preferred, t, useLanguage } from '../ui/texts.ts';

const KEY = 'app/choices';
/** The worker shows notices in the app's language, and has no texts of its own. */
export const NOTICE_TEXTS = 'app/notice-texts';

const kept = v.object({
  theme: v.optional(v.picklist(['system', 'light', 'dark'])),
  language: v.optional(v.picklist(['en', 'nl'])),
});

export class KeptChoices implements Choices {
  readonly #store: Store;
  readonly #theme = signal<Theme>('system');

  constructor(store: Store) {
    this.#store = store;
  }

  get theme(): ReadonlySignal<Theme> {
    return this.#theme;
  }

  /** Applies what was chosen, before the first screen is drawn. */
  async start(): Promise<void> {
    const chosen = (await this.#store.get(KEY, kept).catch(() => undefined)) ?? {};
    this.#show(chosen.theme ?? 'system');
    await this.#speak(preferred(chosen.language, navigator.languages));
  }

  async setTheme(theme: Theme): Promise<void> {
    this.#show(theme);
    await this.#store.update(KEY, kept, (now) => ({ ...now, theme }));
  }

  async setLanguage(language: Language): Promise<void> {
    await this.#speak(language);
    await this.#store.update(KEY, kept, (now) => ({ ...now, language }));
  }

  #show(theme: Theme): void {
    this.#theme.value = theme;
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    // The browser's own bars have the colour of the theme that is shown.
    for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
      const of = meta.dataset.of ?? '';
      meta.media = theme === 'system' ? `(prefers-color-scheme: ${of})` : theme === of ? 'all' : 'not all';
    }
  }

  async #speak(language: Language): Promise<void> {
    await useLanguage(language);
    document.documentElement.lang = language;
    await this.#store
      .write({
        [NOTICE_TEXTS]: {
          title: t('app.push.title'),
          one: t('app.push.one'),
          many: t('app.push.many'),
          open: t('app.push.open'),
          over: t('app.push.over'),
          test: t('app.push.test'),
        },
      })
      .catch(() => undefined);
  }
}
