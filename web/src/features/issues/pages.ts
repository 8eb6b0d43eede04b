import type { PageDef } from '@/lib/pages';

const load = () => import('./Issues');

export const pages: readonly PageDef[] = [
  {
    path: '/issues',
    label: { en: 'Issues', zh: '问题' },
    icon: 'warn',
    action: 'fact:read',
    module: 'sources',
    group: 'rail',
    order: 78,
    load,
  },
  {
    path: '/issues/:id',
    label: { en: 'Issues', zh: '数据问题' },
    icon: 'warn',
    action: 'fact:read',
    module: 'sources',
    group: 'none',
    load,
  },
];
