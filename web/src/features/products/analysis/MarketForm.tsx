// A path of the underlying by its description.
import { Button, NumberInput, SegmentedControl, Select, Slider } from '@mantine/core';
import type { ReactNode } from 'react';
import { forDrawing, isDecimal } from '@/lib/decimal';
import { useWords } from '@/lib/i18n';
import { Icon } from '@/ui/Icon';
import css from './Analysis.module.css';
import type { Market } from './data';
import words from './words';

const LOOKS = ['1', '4', '24', '96', '288', '1440'];

export function MarketForm({ market, onChange, error }: { market: Market; onChange: (change: Partial<Market>) => void; error: string | undefined }) {
  const t = useWords(words);
  return (
    <>
      <Dial label={t.volatility} value={market.volatility} min={0} max={200} onChange={(volatility) => onChange({ volatility })} />
      <Dial label={t.change} value={market.change} min={-90} max={200} onChange={(change) => onChange({ change })} />
      <Dial label={t.days} value={String(market.days)} min={1} max={365} onChange={(days) => onChange({ days: Math.trunc(Number(days)) || 0 })} />
      <Field label={t.trend}>
        <SegmentedControl
          size="xs"
          value={market.trend}
          onChange={(trend) => onChange({ trend: trend as Market['trend'] })}
          data={(['steady', 'turn', 'jump'] as const).map((value) => ({ value, label: t.trends[value] }))}
        />
      </Field>
      {market.trend === 'steady' ? null : <Dial label={t.swing} value={market.swing} min={-90} max={200} onChange={(swing) => onChange({ swing })} />}
      <Field label={t.fluctuation}>
        <SegmentedControl
          size="xs"
          value={market.fluctuation}
          onChange={(fluctuation) => onChange({ fluctuation: fluctuation as Market['fluctuation'] })}
          data={(['drawn', 'alternating'] as const).map((value) => ({ value, label: t.fluctuations[value] }))}
        />
      </Field>
      <div className={css.pair}>
        <Select label={t.looks} data={LOOKS} value={String(market.looks)} onChange={(looks) => onChange({ looks: Number(looks) })} />
        {market.fluctuation === 'drawn' ? (
          <Button onClick={() => onChange({ seed: market.seed + 1 })} leftSection={<Icon name="refresh" size={13} />}>
            {t.another}
          </Button>
        ) : null}
      </div>
      {error ? (
        <p className="crit" role="alert">
          {error}
        </p>
      ) : null}
    </>
  );
}

function Field({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div role="group" aria-label={label} className={css.field}>
      <span className="medium">{label}</span>
      {children}
    </div>
  );
}

/** A number that is typed or slid; the slider stays in its range, what is typed need not. */
function Dial({ label, value, min, max, onChange }: { label: string; value: string; min: number; max: number; onChange: (value: string) => void }) {
  const shown = isDecimal(value) ? Math.min(max, Math.max(min, forDrawing(value))) : min;
  return (
    <div className={css.dial}>
      <NumberInput label={label} value={value} onChange={(typed) => onChange(String(typed))} size="sm" hideControls />
      <Slider value={shown} onChange={(slid) => onChange(String(slid))} min={min} max={max} label={null} thumbLabel={label} size="sm" />
    </div>
  );
}
