import type { PageDef } from '@/lib/pages';

const page = { label: { en: 'Orders', zh: '委托' }, icon: 'orders', action: 'trade:read', module: 'trading', load: () => import('./Orders') } as const;

export const pages: readonly PageDef[] = [
  { ...page, path: '/orders', group: 'rail', order: 47 },
  { ...page, path: '/orders/:account/:order', group: 'none' },
];
