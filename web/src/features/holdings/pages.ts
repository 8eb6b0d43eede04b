import type { PageDef } from '@/lib/pages';

export const pages: readonly PageDef[] = [
  {
    path: '/holdings',
    label: { en: 'My holdings', zh: '我的持仓' },
    icon: 'nav',
    action: 'holding:read',
    group: 'rail',
    order: 5,
    load: () => import('./Holdings'),
  },
];
