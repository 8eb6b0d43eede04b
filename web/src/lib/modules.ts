// Which capabilities the tenant has switched on. `/me` may name them; a server that does not offers all.
import { useMe } from './session';

export function useModules(): (module: string) => boolean {
  const { modules } = useMe() as { modules?: readonly string[] };
  return (module) => modules === undefined || modules.includes(module);
}
