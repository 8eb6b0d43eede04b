// A secret or link that is shown this once: read it, copy it, close.
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useWords } from '@/lib/i18n';
import { Dialog } from './Dialog';
import { Verbs } from './Form';
import css from './ShownOnce.module.css';
import words from './words';

interface ShownOnceProps {
  title: string;
  /** What it is for and how long it works. */
  hint: string;
  text: string;
  onClose: () => void;
}

export function ShownOnce({ title, hint, text, onClose }: ShownOnceProps) {
  const t = useWords(words);
  const [copied, setCopied] = useState(false);
  return (
    <Dialog opened onClose={onClose} title={title} closeOnClickOutside={false}>
      <p className={css.hint}>{hint}</p>
      <Verbatim>{text}</Verbatim>
      <Verbs>
        <Button variant="filled" onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}>
          {copied ? t.copied : t.copy}
        </Button>
        <Button onClick={onClose}>{t.close}</Button>
      </Verbs>
    </Dialog>
  );
}

/** Text to be taken letter by letter. */
export function Verbatim({ children }: { children: string }) {
  return (
    <pre className={css.verbatim} tabIndex={0}>
      {children}
    </pre>
  );
}
