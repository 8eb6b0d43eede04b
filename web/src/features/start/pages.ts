import type { PageDef } from '@/lib/pages';

export const pages: readonly PageDef[] = [
  {
    path: '/start',
    label: { en: 'First steps', zh: '开始使用' },
    icon: 'todo',
    action: 'portfolio:read',
    group: 'settings',
    order: 1,
    load: () => import('./Start'),
  },
];
