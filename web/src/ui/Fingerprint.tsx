// The first 16 hex digits of a hash as bars: the same drawing on screen, in print and from the verifier.
import { Tooltip } from '@mantine/core';
import { useWords } from '@/lib/i18n';
import words from './words';

const BARS = 16;

export function Fingerprint({ hash, width = 64, height = 16 }: { hash: string; width?: number; height?: number }) {
  const t = useWords(words);
  const step = width / BARS;
  return (
    <Tooltip label={<span className="mono">{hash.match(/.{1,16}/g)?.join(' ')}</span>}>
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} fill="var(--accent)" role="img" aria-label={t.fingerprint(hash.slice(0, 16))}>
        {[...hash.slice(0, BARS)].map((digit, index) => {
          const bar = ((Number.parseInt(digit, 16) + 1.5) / 16.5) * height;
          return <rect key={index} x={index * step} y={(height - bar) / 2} width={step * 0.58} height={bar} rx={0.8} />;
        })}
      </svg>
    </Tooltip>
  );
}
