import { Modal, type ModalProps } from '@mantine/core';
import { useEffect, useState } from 'react';

/** A dialog over the page. The focus goes back to what opened it, also where the whole dialog is taken away. */
export function Dialog(props: ModalProps) {
  useFocusBack();
  return <Modal {...props} />;
}

/** Mantine gives the focus back when `opened` changes; this does it for what is drawn only while it is open. */
export function useFocusBack(): void {
  const [opener] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      setTimeout(() => {
        const isNowhere = document.activeElement === null || document.activeElement === document.body;
        if (isNowhere && opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
      });
    },
    [opener],
  );
}
