import { pages, commands, type CommandDef, type PageDef } from '@/lib/pages';
import { useModules } from '@/lib/modules';
import { useCan } from '@/lib/permissions';

const LINKED = /[:*]/; // a page of one thing has no place in a menu

interface Offered {
  readonly rail: readonly PageDef[];
  readonly settings: readonly PageDef[];
  readonly all: readonly PageDef[];
  readonly commands: readonly CommandDef[];
}

/** The pages and commands that the user may use in this installation. */
export function useOfferedPages(): Offered {
  const can = useCan();
  const on = useModules();
  const allowed = (one: { action: string; module?: string }) => can(one.action) && (one.module === undefined || on(one.module));
  const offered = pages.filter((page) => allowed(page) && !LINKED.test(page.path));
  return {
    rail: offered.filter((page) => page.group === 'rail'),
    settings: offered.filter((page) => page.group === 'settings'),
    all: offered,
    commands: commands.filter(allowed),
  };
}
