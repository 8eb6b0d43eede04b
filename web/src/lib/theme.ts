// Light, dark, or as the machine says.
import { useMantineColorScheme } from '@mantine/core';
import { keep, kept } from './keep';

export type Theme = 'light' | 'dark' | 'auto';

const KEY = 'theme';

/** Mantine's store for the choice, under our own key (`first.js` reads it before the first paint). */
export const themeManager = {
  get: (fallback: Theme): Theme => {
    const chosen = kept(KEY);
    return chosen === 'light' || chosen === 'dark' || chosen === 'auto' ? chosen : fallback;
  },
  set: (chosen: Theme) => keep(KEY, chosen),
  subscribe: () => undefined,
  unsubscribe: () => undefined,
  clear: () => undefined,
};

export function useTheme(): { chosen: Theme; choose: (theme: Theme) => void } {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return { chosen: colorScheme, choose: setColorScheme };
}
