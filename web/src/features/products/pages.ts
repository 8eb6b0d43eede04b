import type { PageDef } from '@/lib/pages';

const page = { icon: 'price', action: 'product:read', module: 'etp' } as const;

export const pages: readonly PageDef[] = [
  { ...page, path: '/products', label: { en: 'Products', zh: '产品' }, group: 'rail', order: 45, load: () => import('./Products') },
  { ...page, path: '/products/:product', label: { en: 'Product', zh: '产品' }, group: 'none', load: () => import('./ProductPage') },
  { ...page, path: '/products/explain/what-if', label: { en: 'What if', zh: '情景推演' }, group: 'none', load: () => import('./analysis/WhatIf') },
  { ...page, path: '/products/explain/compare', label: { en: 'Compare rules', zh: '规则对比' }, group: 'none', load: () => import('./analysis/Compare') },
];
