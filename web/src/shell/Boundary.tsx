import { Button } from '@mantine/core';
import { Component, type ReactNode } from 'react';
import { useWords } from '@/lib/i18n';
import { State } from '@/ui/States';
import words from './words';

/** A page that breaks takes nothing else down with it. */
export class Boundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    return this.state.broken ? <Broken /> : this.props.children;
  }
}

function Broken() {
  const t = useWords(words);
  return (
    <State icon="crit" tone="crit" title={t.pageFailed} action={<Button onClick={() => location.reload()}>{t.reload}</Button>}>
      {t.pageFailedHint}
    </State>
  );
}
