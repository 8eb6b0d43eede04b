import type { CommandDef, PageDef } from '@/lib/pages';

export const pages: readonly PageDef[] = [
  {
    path: '/manual',
    label: { en: 'Manual', zh: '手工' },
    icon: 'manual',
    action: 'manual:read',
    module: 'manual',
    group: 'rail',
    order: 60,
    load: () => import('./Manual'),
  },
];

export const commands: readonly CommandDef[] = [
  {
    id: 'manual-item',
    label: { en: 'Enter a manual item', zh: '录入手工项目' },
    icon: 'manual',
    action: 'manual:write',
    module: 'manual',
    run: (navigate) => void navigate('/manual?new'),
  },
];
