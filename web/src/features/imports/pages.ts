import type { CommandDef, PageDef } from '@/lib/pages';

export const pages: readonly PageDef[] = [
  {
    path: '/imports',
    label: { en: 'Import', zh: '导入' },
    icon: 'import',
    action: 'import:write',
    module: 'sources',
    group: 'rail',
    order: 75,
    load: () => import('./Imports'),
  },
];

export const commands: readonly CommandDef[] = [
  {
    id: 'import-file',
    label: { en: 'Import a file', zh: '导入文件' },
    icon: 'import',
    action: 'import:write',
    module: 'sources',
    run: (navigate) => void navigate('/imports'),
  },
];
