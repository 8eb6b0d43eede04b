import { Button, Menu } from '@mantine/core';
import { useWords } from '@/lib/i18n';
import { Icon } from './Icon';
import words from './words';

/** Every table can be taken along: links to the server's own CSV and XLSX, exact and neutralised there. */
export function ExportMenu({ href }: { href: (format: 'csv' | 'xlsx') => string }) {
  const t = useWords(words);
  return (
    <Menu>
      <Menu.Target>
        <Button size="xs" variant="subtle" color="gray" leftSection={<Icon name="download" size={13} />}>
          {t.export}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component="a" href={href('csv')} download>
          {t.exportCsv}
        </Menu.Item>
        <Menu.Item component="a" href={href('xlsx')} download>
          {t.exportXlsx}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
