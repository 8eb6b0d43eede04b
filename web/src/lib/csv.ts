// Tables made in the browser, saved as CSV. No cell of them becomes a formula in a spreadsheet.

const STARTS_FORMULA = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/;
const NUMBER = /^-?\d+(\.\d+)?$/;

/** RFC 4180; a text that a spreadsheet would run gets an apostrophe before it, a negative number stays one. */
export function toCsv(rows: readonly (readonly (string | number)[])[]): string {
  return rows.map((row) => row.map(cell).join(',') + '\r\n').join('');
}

function cell(value: string | number): string {
  const text = String(value);
  const safe = STARTS_FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The rows of a CSV text (RFC 4180), without empty lines; null where a quote is not closed. */
export function fromCsv(text: string): readonly (readonly string[])[] | null {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  const end = () => {
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  };
  while (at < text.length) {
    const found = text[at] === '"' ? quoted(text, at) : plain(text, at);
    if (found === null) return null;
    row.push(found.cell);
    at = found.next;
    if (text[at] !== ',') end();
    else if (at === text.length - 1) row.push('');
    at += text.startsWith('\r\n', at) ? 2 : 1;
  }
  if (row.length > 0) end();
  return rows;
}

interface Cell {
  readonly cell: string;
  readonly next: number;
}

function plain(text: string, at: number): Cell {
  const found = /[^,\r\n]*/y;
  found.lastIndex = at;
  const cell = found.exec(text)?.[0] ?? '';
  return { cell, next: at + cell.length };
}

function quoted(text: string, at: number): Cell | null {
  const found = /"((?:[^"]|"")*)"(?=[,\r\n]|$)/y;
  found.lastIndex = at;
  const cell = found.exec(text);
  return cell ? { cell: (cell[1] ?? '').replaceAll('""', '"'), next: found.lastIndex } : null;
}
