// Display figures of the pivot: doubles, shown rounded. Exact figures never come here.

const MINUS = '\u2212';
const formats = new Map<number, Intl.NumberFormat>();

/** `−1,234.5`: grouped, a real minus sign, always the same decimals. */
export function shown(value: number, places: number): string {
  let format = formats.get(places);
  if (!format) {
    format = new Intl.NumberFormat('en', { minimumFractionDigits: places, maximumFractionDigits: places });
    formats.set(places, format);
  }
  const text = format.format(value);
  return /^-[0.,]*$/.test(text) ? text.slice(1) : text.replace('-', MINUS);
}
