import type { PageDef } from '@/lib/pages';

const load = () => import('./Users');

export const pages: readonly PageDef[] = [
  { path: '/users', label: { en: 'Users and roles', zh: '用户与角色' }, icon: 'users', action: 'user:read', group: 'settings', order: 10, load },
  { path: '/users/roles', label: { en: 'Roles in plain words', zh: '角色说明' }, icon: 'users', action: 'role:read', group: 'none', load: () => import('./Roles') },
];
