import type { PageDef } from '@/lib/pages';

export const pages: readonly PageDef[] = [
  {
    path: '/',
    label: { en: 'Overview', zh: '总览' },
    icon: 'overview',
    action: 'portfolio:read',
    group: 'rail',
    order: 10,
    bar: { numeraire: true, asOf: true },
    load: () => import('./Overview'),
  },
];
