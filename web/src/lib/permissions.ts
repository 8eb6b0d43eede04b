// What the user may do, as /me says. The server decides again on every call; this only hides what it would refuse.
import { useMe } from './session';

export function useCan(): (action: string) => boolean {
  const { actions } = useMe();
  return (action) => actions.includes(action);
}
