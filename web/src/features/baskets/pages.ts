import type { PageDef } from '@/lib/pages';

const page = { icon: 'orders', action: 'product:read', module: 'baskets' } as const;

export const pages: readonly PageDef[] = [
  { ...page, path: '/baskets', label: { en: 'Baskets', zh: '申购赎回' }, group: 'rail', order: 46, load: () => import('./Baskets') },
  { ...page, path: '/baskets/:product', label: { en: 'Basket product', zh: '篮子产品' }, group: 'none', load: () => import('./BasketPage') },
  { ...page, path: '/baskets/:product/orders/:number', label: { en: 'Basket product', zh: '篮子产品' }, group: 'none', load: () => import('./BasketPage') },
];
