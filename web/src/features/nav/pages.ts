import type { CommandDef, PageDef } from '@/lib/pages';

export const pages: readonly PageDef[] = [
  {
    path: '/nav',
    label: { en: 'NAV', zh: '净值' },
    icon: 'nav',
    action: 'nav:read',
    module: 'nav',
    group: 'rail',
    order: 40,
    bar: { numeraire: true },
    load: () => import('./Runs'),
  },
  {
    path: '/nav/:run',
    label: { en: 'NAV run', zh: '净值运行' },
    icon: 'nav',
    action: 'nav:read',
    module: 'nav',
    group: 'none',
    load: () => import('./RunPage'),
  },
];

export const commands: readonly CommandDef[] = [
  {
    id: 'nav.strike',
    label: { en: 'Strike a NAV', zh: '出净值' },
    icon: 'nav',
    action: 'nav:strike',
    module: 'nav',
    run: (navigate) => void navigate('/nav?strike=1'),
  },
];
