import type { PageDef } from '@/lib/pages';

const bar = { numeraire: true, asOf: true };
const load = () => import('./NodePage');

export const pages: readonly PageDef[] = [
  { path: '/portfolio', label: { en: 'Portfolio', zh: '组合' }, icon: 'tree', action: 'portfolio:read', module: 'portfolio', group: 'rail', order: 20, bar, load },
  { path: '/portfolio/:node', label: { en: 'Portfolio', zh: '组合' }, icon: 'tree', action: 'portfolio:read', module: 'portfolio', group: 'none', bar, load },
];
