import type { PageDef } from '@/lib/pages';

export const pages: readonly PageDef[] = [
  {
    path: '/products',
    label: { en: 'Products', zh: '产品' },
    icon: 'price',
    action: 'product:read',
    module: 'etp',
    group: 'rail',
    order: 45,
    load: () => import('./Products'),
  },
  {
    path: '/products/:product',
    label: { en: 'Product', zh: '产品' },
    icon: 'price',
    action: 'product:read',
    module: 'etp',
    group: 'none',
    load: () => import('./ProductPage'),
  },
  {
    path: '/products/explain/what-if',
    label: { en: 'What if', zh: '情景推演' },
    icon: 'price',
    action: 'product:read',
    module: 'etp',
    group: 'none',
    load: () => import('./analysis/WhatIf'),
  },
  {
    path: '/products/explain/compare',
    label: { en: 'Compare rules', zh: '规则对比' },
    icon: 'price',
    action: 'product:read',
    module: 'etp',
    group: 'none',
    load: () => import('./analysis/Compare'),
  },
];
