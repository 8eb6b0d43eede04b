import type { CommandDef, PageDef } from '@/lib/pages';

const shared = { icon: 'connect', module: 'sources' } as const;
const list = { ...shared, action: 'source:read', load: () => import('./Connections') } as const;

export const pages: readonly PageDef[] = [
  { ...list, path: '/connections', label: { en: 'Connect', zh: '连接' }, group: 'rail', order: 70 },
  { ...shared, path: '/connections/new', label: { en: 'Connect a source', zh: '连接数据来源' }, action: 'source:write', group: 'none', load: () => import('./AddConnection') },
  { ...list, path: '/connections/:id', label: { en: 'Connections', zh: '连接' }, group: 'none' },
];

export const commands: readonly CommandDef[] = [
  { ...shared, id: 'connect', label: { en: 'Connect a venue', zh: '连接交易场所' }, action: 'source:write', run: (navigate) => void navigate('/connections/new') },
];
