import { Drawer as MantineDrawer } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { useFocusBack } from './Dialog';

/** Beside the table, which stays in sight; on a phone over the whole screen. */
export function Drawer({ opened, title, onClose, children }: { opened: boolean; title: ReactNode; onClose: () => void; children: ReactNode }) {
  useFocusBack();
  const phone = useMediaQuery('(max-width: 700px)');
  return (
    <MantineDrawer
      opened={opened}
      onClose={onClose}
      title={title}
      size={phone ? '100%' : 452}
      withOverlay={phone}
      lockScroll={phone}
      shadow="xl"
    >
      {children}
    </MantineDrawer>
  );
}
