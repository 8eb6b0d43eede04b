// The registry of pages and commands. A feature says what it has in `features/<name>/pages.ts`; the shell,
// the routes and the palette read it here, so that a new page touches nothing else.
import type { ComponentType } from 'react';
import type { NavigateFunction } from 'react-router';
import type { InBoth } from './i18n';
import type { IconName } from '@/ui/Icon';

export interface PageDef {
  /** React Router path, from the root: `/nav/:run`. */
  readonly path: string;
  readonly label: InBoth<string>;
  readonly icon: IconName;
  /** The action that the page's reads need; without it the page is not offered and says why. */
  readonly action: string;
  /** The capability that a tenant can switch off. */
  readonly module?: string;
  /** Where it is offered: the rail, the settings, or only in links and the palette (`none`). */
  readonly group: 'rail' | 'settings' | 'none';
  /** Place in its group, and on the phone's bar (the first four of the rail). */
  readonly order?: number;
  /** What the top bar offers for the page. */
  readonly bar?: { readonly numeraire?: boolean; readonly asOf?: boolean };
  readonly load: () => Promise<{ default: ComponentType }>;
}

export interface CommandDef {
  readonly id: string;
  readonly label: InBoth<string>;
  readonly icon: IconName;
  readonly action: string;
  readonly module?: string;
  readonly run: (navigate: NavigateFunction) => void;
}

interface FeatureModule {
  readonly pages?: readonly PageDef[];
  readonly commands?: readonly CommandDef[];
}

const found = Object.values(import.meta.glob<FeatureModule>('../features/*/pages.ts', { eager: true }));

export const pages: readonly PageDef[] = found
  .flatMap((feature) => feature.pages ?? [])
  .sort((one, other) => (one.order ?? 100) - (other.order ?? 100));

export const commands: readonly CommandDef[] = found.flatMap((feature) => feature.commands ?? []);
