// How a hedged product stands beside its model, and the rebalance that waits for somebody or is being traded.
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask } from '@/api/client';
import type { ApproveProposal, CloseProposal, Hedge as HedgeState, OpenProposal } from '@/api/schema';
import { grouped, sign } from '@/lib/decimal';
import { useWords } from '@/lib/i18n';
import { useCan } from '@/lib/permissions';
import { Badge } from '@/ui/Badge';
import { ConfirmWithReason } from '@/ui/ConfirmWithReason';
import { Facts } from '@/ui/Facts';
import { Figure, Percent } from '@/ui/Figure';
import { Verbs } from '@/ui/Form';
import { Stack } from '@/ui/Layout';
import { Panel } from '@/ui/Panel';
import { tellDone } from '@/ui/tell';
import words from './hedgeWords';

/** Nothing where the model is the product. */
export function Hedge({ id, underlying, quote }: { id: string; underlying: string; quote: string }) {
  const t = useWords(words);
  const { data } = useQuery({
    queryKey: ['products', id, 'hedge'],
    queryFn: () => ask(api.GET('/api/v1/product-hedges/{listing}', { params: { path: { listing: id } } })),
  });
  if (!data?.is_hedged) return null;
  return (
    <Panel title={t.hedge} sub={data.account} padded>
      <Stack>
        <Standing data={data} underlying={underlying} quote={quote} />
        {data.proposal ? <Proposal id={id} proposal={data.proposal} underlying={underlying} quote={quote} /> : null}
      </Stack>
    </Panel>
  );
}

function Standing({ data, underlying, quote }: { data: HedgeState; underlying: string; quote: string }) {
  const t = useWords(words);
  const differs = data.unexplained !== null && sign(data.unexplained) !== 0;
  return (
    <>
      <Facts>
        <dt>{t.difference}</dt>
        <dd>
          <Figure value={data.difference} places={6} signed unit={quote} /> (<Percent value={data.relative} places={3} signed unit="%" />)
        </dd>
        <dt>{t.actual}</dt>
        <dd>
          <Figure value={data.actual_nav} places={6} unit={quote} />
        </dd>
        <dt>{t.model}</dt>
        <dd>
          <Figure value={data.model_nav} places={6} unit={quote} />
        </dd>
        <dt>{t.position}</dt>
        <dd>
          <Figure value={data.actual_position} places={6} unit={underlying} />
        </dd>
        <dt>{t.modelPosition}</dt>
        <dd>
          <Figure value={data.model_position} places={6} unit={underlying} />
        </dd>
        {differs ? (
          <>
            <dt className="crit">{t.unexplained}</dt>
            <dd className="crit" title={t.unexplainedHint}>
              <Figure value={data.unexplained} places={6} signed unit={underlying} />
            </dd>
          </>
        ) : null}
      </Facts>
      <p className="dim">{data.automatic_up_to === null ? t.allWait : t.automatic(`${grouped(data.automatic_up_to)} ${quote}`)}</p>
    </>
  );
}

function Proposal({ id, proposal, underlying, quote }: { id: string; proposal: OpenProposal; underlying: string; quote: string }) {
  const t = useWords(words);
  const may = useCan()('product:approve');
  const [asked, setAsked] = useState<'approve' | 'close' | null>(null);
  const decide = useDecision(id, () => setAsked(null));
  const { number } = proposal;
  const standing = proposal.trouble ? t.stopped : proposal.is_approved ? t.trading : t.waits;
  return (
    <>
      <p>
        <span className="medium">{t.open(number)}</span> <Badge tone={proposal.trouble ? 'crit' : proposal.is_approved ? 'ok' : 'warn'}>{standing}</Badge>
      </p>
      {proposal.trouble ? (
        <p className="crit" lang="en">
          {proposal.trouble}
        </p>
      ) : null}
      <Facts>
        <dt>{t.rest}</dt>
        <dd>
          <Figure value={proposal.rest} places={6} signed unit={underlying} />
        </dd>
        <dt>{t.notional}</dt>
        <dd>
          <Figure value={proposal.notional} places={2} unit={quote} />
        </dd>
      </Facts>
      {may ? (
        <Verbs>
          {proposal.is_approved ? null : (
            <Button size="xs" onClick={() => setAsked('approve')}>
              {proposal.trouble ? t.again : t.approve}
            </Button>
          )}
          <Button size="xs" variant="default" onClick={() => setAsked('close')}>
            {t.close}
          </Button>
        </Verbs>
      ) : null}
      <ConfirmWithReason opened={asked === 'approve'} title={t.approveTitle(number)} verb={t.approve} reason="none" busy={decide.isPending} onConfirm={() => decide.mutate({ is: 'approve', number })} onClose={() => setAsked(null)}>
        {t.approveBody}
      </ConfirmWithReason>
      <ConfirmWithReason opened={asked === 'close'} title={t.closeTitle(number)} verb={t.close} danger busy={decide.isPending} onConfirm={(why) => decide.mutate({ is: 'close', number, rest_minutes: 0, why })} onClose={() => setAsked(null)}>
        {t.closeBody}
      </ConfirmWithReason>
    </>
  );
}

function useDecision(listing: string, onDone: () => void) {
  const t = useWords(words);
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (wish: ApproveProposal | CloseProposal) => ask(api.POST('/api/v1/product-decisions', { body: { listing, wish } })),
    onSuccess: () => {
      tellDone(t.sent);
      void queries.invalidateQueries({ queryKey: ['products', listing] });
      onDone();
    },
  });
}
