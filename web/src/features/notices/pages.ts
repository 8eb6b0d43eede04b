import type { PageDef } from '@/lib/pages';

export const pages: readonly PageDef[] = [
  {
    path: '/notices',
    label: { en: 'Notices', zh: '通知' },
    icon: 'bell',
    action: 'notice:read',
    module: 'notices',
    group: 'settings',
    order: 40,
    load: () => import('./Notices'),
  },
];
