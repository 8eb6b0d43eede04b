// Names of venues as their houses write them; others with a capital.
const NAMES: Readonly<Record<string, string>> = { okx: 'OKX', binance: 'Binance', bitmex: 'BitMEX', bybit: 'Bybit', bitget: 'Bitget', deribit: 'Deribit', kucoin: 'KuCoin', htx: 'HTX', ftx: 'FTX' };

export function venueName(venue: string, none: string): string {
  if (venue === '') return none;
  return NAMES[venue] ?? venue.charAt(0).toUpperCase() + venue.slice(1);
}
