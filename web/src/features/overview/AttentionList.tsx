import { Button } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import type { Attention } from '@/api/schema';
import { shift, show } from '@/lib/decimal';
import { useWords } from '@/lib/i18n';
import { Icon, type IconName } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { State } from '@/ui/States';
import css from './Overview.module.css';
import type { Measure } from './reasons';
import words from './words';

const SHOWN = 6;
const ICONS: Readonly<Record<string, [IconName, string]>> = { critical: ['crit', 'crit'], warning: ['warn', 'warn'], note: ['todo', ''] };

/** What needs a person: cause, value at stake, one verb. */
export function AttentionList({ items, numeraire, measure }: { items: readonly Attention[]; numeraire: string; measure: Measure }) {
  const t = useWords(words);
  const [all, setAll] = useState(false);
  const yours = items.filter((item) => item.yours).length;
  return (
    <Panel
      className={css.attention}
      title={t.attention}
      sub={items.length > 0 ? t.open(items.length, yours) : null}
      tools={
        items.length > SHOWN ? (
          <button type="button" className="link" onClick={() => setAll(!all)}>
            {all ? t.fewer : t.allItems(items.length)}
          </button>
        ) : null
      }
    >
      {items.length === 0 ? (
        <State icon="todo" tone="accent" title={t.nothingOpen} />
      ) : (
        <ul className={css.items}>
          {(all ? items : items.slice(0, SHOWN)).map((item) => (
            <Item key={`${item.key}${item.link}${item.parameters['subject'] ?? ''}`} item={item} numeraire={numeraire} measure={measure} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Item({ item, numeraire, measure }: { item: Attention; numeraire: string; measure: Measure }) {
  const t = useWords(words);
  const [icon, tone] = ICONS[item.severity] ?? ['info', 'dim'];
  const hint = t.hint[item.key]?.(item.parameters) ?? '';
  const stake = item.value_at_stake
    ? t.atStake(
        measure.scale
          ? `${show(shift(item.value_at_stake, -measure.scale), 2)} ${measure.letter} ${numeraire}`
          : `${show(item.value_at_stake, measure.places)} ${numeraire}`,
      )
    : '';
  return (
    <li className={css.item}>
      <span className={tone} style={tone ? undefined : { color: 'var(--accent)' }}>
        <Icon name={icon} size={16} />
      </span>
      <span className={css.itemTitle}>{t.item[item.key]?.(item.parameters) ?? item.key}</span>
      <span className={css.itemHint}>{[hint, stake].filter(Boolean).join(' · ')}</span>
      <span className={css.itemAction}>
        <Button component={Link} to={item.link} size="xs">
          {t.verb[item.yours ? item.action : 'open'] ?? t.verb['open']}
        </Button>
      </span>
    </li>
  );
}
