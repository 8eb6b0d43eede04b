// What stands before the app: the log-in, a new installation's first run, or a link that was handed over.
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, ask } from '@/api/client';
import { FirstRun } from './FirstRun';
import { HandedOver } from './HandedOver';
import { LogIn } from './LogIn';

const LINK = '/welcome';

export function Door() {
  const [ticket] = useState(takeTicket);
  const welcome = useQuery({ queryKey: ['setup'], queryFn: () => ask(api.GET('/api/v1/setup')), enabled: ticket === null, staleTime: Infinity });
  useEffect(() => {
    document.title = 'truenav';
  }, []);
  if (ticket !== null) return <HandedOver ticket={ticket} />;
  if (welcome.isPending) return null;
  return welcome.data?.new ? <FirstRun /> : <LogIn welcome={welcome.data} />;
}

/** The ticket of a link, taken out of the address at once, so that it stays in no history. */
function takeTicket(): string | null {
  if (location.pathname !== LINK || location.hash.length < 2) return null;
  const ticket = location.hash.slice(1);
  history.replaceState(null, '', '/');
  return ticket;
}
