import type { PageDef } from '@/lib/pages';

export const pages: readonly PageDef[] = [
  {
    path: '/audit',
    label: { en: 'Audit', zh: '审计' },
    icon: 'audit',
    action: 'audit:read',
    group: 'rail',
    order: 80,
    load: () => import('./Audit'),
  },
];
