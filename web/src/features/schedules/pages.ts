import type { PageDef } from '@/lib/pages';

export const pages: readonly PageDef[] = [
  {
    path: '/schedules',
    label: { en: 'Schedules', zh: '定时' },
    icon: 'clock',
    action: 'job:read',
    module: 'nav',
    group: 'settings',
    order: 45,
    load: () => import('./Schedules'),
  },
];
