import type { PageDef } from '@/lib/pages';

export const pages: readonly PageDef[] = [
  {
    path: '/tenants',
    label: { en: 'Tenants', zh: '租户' },
    icon: 'tenant',
    action: 'tenant:read',
    group: 'rail',
    order: 6,
    load: () => import('./Tenants'),
  },
];
