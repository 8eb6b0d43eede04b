// What is told, to whom, on which way, and how it went.
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import type { ChannelAnswer } from '@/api/schema';
import { useLanguage, useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { day } from '@/lib/time';
import { Badge } from '@/ui/Badge';
import { type Column, DataTable } from '@/ui/DataTable';
import { Drawer } from '@/ui/Drawer';
import { Icon } from '@/ui/Icon';
import { Panel } from '@/ui/Panel';
import { Empty, Shown } from '@/ui/States';
import { AddChannel } from './AddChannel';
import { ChannelCard } from './ChannelCard';
import { MailServer } from './MailServer';
import { Hosts } from './Hosts';
import { Outbox } from './Outbox';
import { chosenEvents, useChannels } from './data';
import css from './Notices.module.css';
import words from './words';

export default function Notices() {
  const t = useWords(words);
  const can = useCan();
  const channels = useChannels();
  const [params, setParams] = useSearchParams();
  const [adding, setAdding] = useState(false);
  const chosen = channels.data?.find((one) => one.id === params.get('channel'));
  const open = (id: string | null) => setParams(id === null ? {} : { channel: id }, { replace: true });
  const add = can('notice:write') ? (
    <Button size="xs" variant="filled" onClick={() => setAdding(true)} leftSection={<Icon name="plus" size={13} />}>
      {t.addChannel}
    </Button>
  ) : null;
  return (
    <div className={css.page}>
      <Panel title={t.channels} sub={t.channelsHint} tools={add}>
        <Shown of={channels} rows={3}>
          {(found) => <Channels channels={found} selected={chosen?.id ?? null} onOpen={open} />}
        </Shown>
      </Panel>
      <Outbox />
      {can('notice:manage') ? (
        <div className={css.two}>
          <MailServer />
          <Hosts />
        </div>
      ) : null}
      <Drawer opened={chosen !== undefined} title={chosen?.target ?? ''} onClose={() => open(null)}>
        {chosen ? <ChannelCard key={chosen.id} channel={chosen} onGone={() => open(null)} /> : null}
      </Drawer>
      {adding ? <AddChannel onClose={() => setAdding(false)} /> : null}
    </div>
  );
}

function Channels({ channels, selected, onOpen }: { channels: readonly ChannelAnswer[]; selected: string | null; onOpen: (id: string) => void }) {
  const t = useWords(words);
  const language = useLanguage();
  const columns: readonly Column<ChannelAnswer>[] = [
    { id: 'target', header: t.target, sortBy: (row) => row.target, card: 'title', cell: (row) => row.target },
    { id: 'kind', header: t.kind, sortBy: (row) => row.kind, card: 'note', cell: (row) => t.kinds[row.kind] },
    {
      id: 'events',
      header: t.events,
      cell: (row) => (
        <span className={css.badges}>
          {chosenEvents(row.events).map((one) => (
            <Badge key={one}>{t.eventNames[one]}</Badge>
          ))}
        </span>
      ),
    },
    { id: 'owner', header: t.owner, sortBy: (row) => String(row.for_tenant), cell: (row) => (row.for_tenant ? t.tenants : t.mine) },
    { id: 'since', header: t.since, sortBy: (row) => row.created_at, cell: (row) => <span className="num">{day(row.created_at, language)}</span> },
    { id: 'state', header: t.state, card: 'aside', cell: (row) => (row.enabled ? <Badge tone="ok">{t.on}</Badge> : <Badge>{t.off}</Badge>) },
  ];
  const empty = (
    <Empty icon="bell" title={t.noChannels}>
      {t.noChannelsHint}
    </Empty>
  );
  return <DataTable label={t.channels} columns={columns} rows={channels} rowKey={(row) => row.id} selected={selected} onOpen={(row) => onOpen(row.id)} empty={empty} />;
}
