import type { PageDef } from '@/lib/pages';

export const pages: readonly PageDef[] = [
  {
    path: '/modules',
    label: { en: 'Modules', zh: '模块' },
    icon: 'modules',
    action: 'module:write',
    group: 'settings',
    order: 30,
    load: () => import('./Modules'),
  },
];
