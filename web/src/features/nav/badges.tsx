import type { RunAnswer } from '@/api/schema';
import { useWords } from '@/lib/i18n';
import { Badge, type Tone } from '@/ui/Badge';
import words from './words';

const TONES: Readonly<Record<RunAnswer['state'], Tone>> = {
  collecting: 'plain',
  calculated: 'warn',
  approved: 'warn',
  published: 'ok',
  rejected: 'crit',
  superseded: 'plain',
};

export function StateBadge({ run }: { run: RunAnswer }) {
  return <Badge tone={TONES[run.state]}>{useWords(words).states[run.state]}</Badge>;
}

export function QualityBadge({ run }: { run: RunAnswer }) {
  const t = useWords(words);
  if (run.quality === null) return <span className="dim">·</span>;
  return run.quality === 'complete' ? <span className="dim">{t.complete}</span> : <Badge tone="warn">{t.provisional}</Badge>;
}
