import type { PageDef } from '@/lib/pages';

export const pages: readonly PageDef[] = [
  {
    path: '/tree',
    label: { en: 'Portfolio tree', zh: '组合树' },
    icon: 'tree',
    action: 'portfolio:read',
    module: 'portfolio',
    group: 'settings',
    order: 20,
    load: () => import('./TreePage'),
  },
];
