// Light, dark, or as the machine says.
import { useMantineColorScheme } from '@mantine/core';
import { keep, kept } from './keep';

export type Theme = 'light' | 'dark' | 'auto';

const KEY = 'theme';

let repaint: (theme: Theme) => void = () => undefined;

export function chosenTheme(): Theme {
  const chosen = kept(KEY);
  return chosen === 'light' || chosen === 'dark' ? chosen : 'auto';
}

/** Mantine's store for the choice, under our own key (`first.js` reads it before the first paint). */
export const themeManager = {
  get: chosenTheme,
  set: (chosen: Theme) => keep(KEY, chosen),
  subscribe: (onUpdate: (theme: Theme) => void) => {
    repaint = onUpdate;
  },
  unsubscribe: () => {
    repaint = () => undefined;
  },
  clear: () => undefined,
};

/** Take a theme that was chosen elsewhere. */
export function adoptTheme(chosen: Theme): void {
  keep(KEY, chosen);
  repaint(chosen);
}

export function useTheme(): { chosen: Theme; choose: (theme: Theme) => void } {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return { chosen: colorScheme, choose: setColorScheme };
}
