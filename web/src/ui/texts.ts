/// <reference path="./modules.d.ts" />
/** The texts of the app in the language that the person chose. One language is loaded at a time. */
import { signal } from '@preact/signals';

type All = typeof import('../../../locales/en.json');
/** A key of `locales/*.json`; it stands in the code as it is, so that searching for it finds its screen. */
export type TextKey = Extract<keyof All, `app.${string}`>;
export type Language = 'en' | 'nl';
export type Values = Readonly<Record<string, string | number>>;

export const languages: readonly { readonly id: Language; readonly name: string }[] = [
  { id: 'en', name: 'English' },
  { id: 'nl', name: 'Nederlands' },
];

const loaded = signal<{ readonly language: Language; readonly texts: Readonly<Record<string, string>> }>({
  language: 'en',
  texts: {},
});

/** What is shown now. Reading it in a component draws that component again when it changes. */
export function language(): Language {
  return loaded.value.language;
}

/** The first of the browser's languages that we have, unless the person chose one. */
export function preferred(choice: string | undefined, wanted: readonly string[]): Language {
  for (const tag of choice ? [choice] : wanted) {
    const found = languages.find(({ id }) => tag.toLowerCase().split('-')[0] === id);
    if (found) return found.id;
  }
  return 'en';
}

export async function useLanguage(id: Language): Promise<void> {
  const { default: texts } = id === 'nl' ? await import('virtual:texts/nl') : await import('virtual:texts/en');
  loaded.value = { language: id, texts };
}

export function t(key: TextKey, values: Values = {}): string {
  const text = loaded.value.texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (hole, name: string) => String(values[name] ?? hole));
}

/** One of two texts, by a number that stands in it as `{count}`. */
export function count(one: TextKey, many: TextKey, n: number, values: Values = {}): string {
  return t(n === 1 ? one : many, { ...values, count: n });
}
