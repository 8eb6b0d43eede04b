import type { CommandDef, PageDef } from '@/lib/pages';

const load = () => import('./Connections');

export const pages: readonly PageDef[] = [
  {
    path: '/connections',
    label: { en: 'Connect', zh: '连接' },
    icon: 'connect',
    action: 'source:read',
    module: 'sources',
    group: 'rail',
    order: 70,
    load,
  },
  {
    path: '/connections/new',
    label: { en: 'Connect a source', zh: '连接数据来源' },
    icon: 'connect',
    action: 'source:write',
    module: 'sources',
    group: 'none',
    load: () => import('./AddConnection'),
  },
  {
    path: '/connections/:id',
    label: { en: 'Connections', zh: '连接' },
    icon: 'connect',
    action: 'source:read',
    module: 'sources',
    group: 'none',
    load,
  },
];

export const commands: readonly CommandDef[] = [
  {
    id: 'connect',
    label: { en: 'Connect a venue', zh: '连接交易场所' },
    icon: 'connect',
    action: 'source:write',
    module: 'sources',
    run: (navigate) => void navigate('/connections/new'),
  },
];
