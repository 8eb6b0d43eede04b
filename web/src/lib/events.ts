// The text of a server-sent event stream, cut into events. Pure, so that it can be tested without a server.

export interface ServerEvent {
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The complete events in `buffer`, and the rest that waits for more. Comments and broken data are passed over. */
export function cutEvents(buffer: string): { events: ServerEvent[]; rest: string } {
  const blocks = buffer.split('\n\n');
  const rest = blocks.pop() ?? '';
  return { events: blocks.flatMap(readBlock), rest };
}

function readBlock(block: string): ServerEvent[] {
  let kind = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) kind = line.slice(6).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5).trimStart());
  }
  if (data.length === 0) return [];
  try {
    return [{ kind, data: JSON.parse(data.join('\n')) as Record<string, unknown> }];
  } catch {
    return [];
  }
}
