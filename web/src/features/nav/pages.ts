import type { CommandDef, PageDef } from '@/lib/pages';

const shared = { icon: 'nav', module: 'nav' } as const;

export const pages: readonly PageDef[] = [
  { ...shared, action: 'nav:read', path: '/nav', label: { en: 'NAV', zh: '净值' }, group: 'rail', order: 40, bar: { numeraire: true }, load: () => import('./Runs') },
  { ...shared, action: 'nav:read', path: '/nav/:run', label: { en: 'NAV run', zh: '净值运行' }, group: 'none', load: () => import('./RunPage') },
];

export const commands: readonly CommandDef[] = [
  { ...shared, action: 'nav:strike', id: 'nav.strike', label: { en: 'Strike a NAV', zh: '出净值' }, run: (navigate) => void navigate('/nav?strike=1') },
];
