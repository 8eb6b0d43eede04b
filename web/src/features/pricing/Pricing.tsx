// What everything is worth and why: the marks, the indices behind them, and the policy that chose.
import { SegmentedControl } from '@mantine/core';
import { useSearchParams } from 'react-router';
import { useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { useView } from '@/lib/view';
import { Indices } from './Indices';
import { Marks } from './Marks';
import { Policies } from './Policies';
import css from './Pricing.module.css';
import words from './words';

const TABS = ['marks', 'indices', 'policies'] as const;

export default function Pricing() {
  const t = useWords(words);
  const can = useCan();
  const { fund } = useView();
  const [params, setParams] = useSearchParams();
  const tabs = TABS.filter((one) => one !== 'policies' || can('policy:read'));
  const tab = tabs.find((one) => one === params.get('tab')) ?? 'marks';
  return (
    <div className={css.page}>
      <SegmentedControl
        className={css.tabs}
        value={tab}
        onChange={(next) => setParams((old) => new URLSearchParams([...[...old].filter(([name]) => name !== 'tab'), ['tab', next]]))}
        data={tabs.map((one) => ({ value: one, label: t[one] }))}
      />
      {tab === 'policies' ? <Policies /> : fund === null ? null : tab === 'marks' ? <Marks fund={fund} /> : <Indices fund={fund} />}
    </div>
  );
}
