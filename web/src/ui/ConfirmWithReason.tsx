// A step that cannot be taken back quietly: what will happen, why, and a verb to press.
import { Button, Textarea } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useWords } from '@/lib/i18n';
import { Dialog } from './Dialog';
import { Form, Verbs } from './Form';
import words from './words';

interface ConfirmWithReasonProps {
  opened: boolean;
  title: string;
  /** What will happen, in one or two sentences. */
  children?: ReactNode;
  /** The verb on the button. */
  verb: string;
  danger?: boolean;
  /** A reason is asked for and must be given (`required`), may be given (`optional`), or is not asked (`none`). */
  reason?: 'required' | 'optional' | 'none';
  /** It cannot be done now, as the text says: there is nothing to press but a way back. */
  barred?: boolean;
  busy?: boolean;
  onConfirm: (reason: string) => void;
  onClose: () => void;
}

export function ConfirmWithReason({ opened, title, children, verb, danger, reason = 'required', barred = false, busy, onConfirm, onClose }: ConfirmWithReasonProps) {
  const t = useWords(words);
  const [text, setText] = useState('');
  return (
    <Dialog opened={opened} onClose={onClose} title={title}>
      <Form
        verb={barred ? undefined : verb}
        danger={danger}
        busy={busy}
        ready={reason !== 'required' || text.trim() !== ''}
        onSubmit={() => onConfirm(text.trim())}
        onCancel={onClose}
      >
        {children ? <div className="ink2">{children}</div> : null}
        {reason === 'none' ? null : (
          <Textarea
            label={t.reason}
            description={t.reasonHint}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            maxLength={2000}
            autosize
            minRows={3}
            data-autofocus
          />
        )}
        {barred ? (
          <Verbs>
            <Button onClick={onClose}>{t.close}</Button>
          </Verbs>
        ) : null}
      </Form>
    </Dialog>
  );
}
