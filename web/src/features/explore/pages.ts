import type { PageDef } from '@/lib/pages';

export const pages: readonly PageDef[] = [
  {
    path: '/explore',
    label: { en: 'Explore', zh: '透视' },
    icon: 'explore',
    action: 'portfolio:read',
    module: 'explore',
    group: 'rail',
    order: 30,
    bar: {},
    load: () => import('./Explore'),
  },
];
