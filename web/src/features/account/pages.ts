import type { PageDef } from '@/lib/pages';

export const pages: readonly PageDef[] = [
  {
    path: '/account',
    label: { en: 'My account', zh: '我的账户' },
    icon: 'key',
    action: 'self:write',
    group: 'settings',
    order: 5,
    load: () => import('./Account'),
  },
];
