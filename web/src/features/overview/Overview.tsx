import { useQuery } from '@tanstack/react-query';
import { api, ask } from '@/api/client';
import { useView } from '@/lib/view';
import { DataTable } from '@/ui/DataTable';
import { Figure } from '@/ui/Figure';
import { Panel } from '@/ui/Panel';
import { Shown } from '@/ui/States';

/** The funds with value, exposure and leverage. */
export default function Overview() {
  const { fund, numeraire, asOf } = useView();
  const portfolio = useQuery({
    queryKey: ['portfolio', fund, numeraire, asOf],
    enabled: fund !== null,
    queryFn: () =>
      ask(
        api.GET('/api/v1/portfolio/{fund}', {
          params: { path: { fund: fund ?? '' }, query: { numeraire, as_of: asOf ?? undefined } },
        }),
      ),
  });
  return (
    <Panel title="Portfolio">
      <Shown of={portfolio}>
        {({ nodes }) => (
          <DataTable
            label="Portfolio"
            rows={nodes}
            rowKey={(node) => node.node}
            columns={[
              { id: 'name', header: 'Name', cell: (node) => node.name, card: 'title' },
              { id: 'value', header: 'NAV', unit: numeraire, align: 'right', cell: (node) => <Figure value={node.value} />, card: 'value' },
            ]}
          />
        )}
      </Shown>
    </Panel>
  );
}
