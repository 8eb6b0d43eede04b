import type { PageDef } from '@/lib/pages';

export const pages: readonly PageDef[] = [
  {
    path: '/pricing',
    label: { en: 'Pricing', zh: '定价' },
    icon: 'price',
    action: 'price:read',
    module: 'pricing',
    group: 'rail',
    order: 50,
    bar: {},
    load: () => import('./Pricing'),
  },
];
