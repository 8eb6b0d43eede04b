// Small choices that a browser remembers: language, theme, last fund. Never figures, never secrets.

const listeners = new Set<(name: string) => void>();

/** Hear of each choice that is made. */
export function onKept(listener: (name: string) => void): void {
  listeners.add(listener);
}

export function kept(name: string): string | null {
  try {
    return localStorage.getItem(`truenav.${name}`);
  } catch {
    return null; // a browser may refuse storage; then nothing is remembered
  }
}

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`truenav.${name}`, value);
  } catch {
    // see above
  }
  listeners.forEach((listener) => listener(name));
}
