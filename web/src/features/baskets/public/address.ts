// Where a basket product's public page stands; it needs no log-in.
import { matchPath } from 'react-router';

export interface Place {
  readonly tenant: string;
  readonly product: string;
}

/** The basket product whose public page an address is; null for every other page. */
export function basketPlace(pathname: string): Place | null {
  const { tenant, product } = matchPath('/public/:tenant/baskets/:product', pathname)?.params ?? {};
  return tenant && product ? { tenant, product } : null;
}
