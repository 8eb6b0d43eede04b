// English and 中文: each feature keeps its words beside its code, one switch chooses for all.
import { useSyncExternalStore } from 'react';
import { keep, kept } from './keep';

export type Language = 'en' | 'zh';

/** One text, or a function that makes one, in both languages. */
export interface InBoth<T> {
  readonly en: T;
  readonly zh: T;
}

type Shape<T> = {
  readonly [K in keyof T]: T[K] extends string
    ? string
    : T[K] extends (...args: infer A) => string
      ? (...args: A) => string
      : Shape<T[K]>;
};

/** The words of a feature. The compiler refuses a key that one language lacks. */
export function defineWords<const T extends object>(words: { en: T; zh: Shape<T> }): InBoth<Shape<T>> {
  return words as InBoth<Shape<T>>;
}

const listeners = new Set<() => void>();
let current: Language = first();

function first(): Language {
  const chosen = kept('language');
  if (chosen === 'en' || chosen === 'zh') return chosen;
  return typeof navigator !== 'undefined' && navigator.language.startsWith('zh') ? 'zh' : 'en';
}

export function language(): Language {
  return current;
}

export function chooseLanguage(chosen: Language): void {
  current = chosen;
  keep('language', chosen);
  document.documentElement.lang = chosen === 'zh' ? 'zh-Hans' : 'en';
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useLanguage(): Language {
  return useSyncExternalStore(subscribe, language);
}

/** The words of a feature in the chosen language. */
export function useWords<T>(words: InBoth<T>): T {
  return words[useLanguage()];
}
