// Small choices that a browser remembers: language, theme, last fund. Never figures, never secrets.

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
}
