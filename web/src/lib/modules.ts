// Which capabilities the tenant has switched on; what is off has no menu, and the server refuses its endpoints.
import { useMe } from './session';

export function useModules(): (module: string) => boolean {
  const { modules } = useMe();
  return (module) => modules.includes(module);
}
