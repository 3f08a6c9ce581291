import type { ChangesRequest } from './changes-request.ts';

/** How a feed looks on the wire. */
export interface ChangesFormat {
  head: string;
  row: (row: { seq: string }, first: boolean) => string;
  heartbeat: string;
  tail: (lastSequence: string, pending: number) => string;
}

const inOneObject: ChangesFormat = {
  head: '{"results":[\n',
  row: (row, first) => `${first ? '' : ',\n'}${JSON.stringify(row)}`,
  heartbeat: '\n',
  tail: (lastSequence, pending) => `\n],\n"last_seq":${JSON.stringify(lastSequence)},"pending":${pending}}\n`,
};

const linePerChange: ChangesFormat = {
  head: '',
  row: (row) => `${JSON.stringify(row)}\n`,
  heartbeat: '\n',
  tail: (lastSequence, pending) => `${JSON.stringify({ last_seq: lastSequence, pending })}\n`,
};

const serverSentEvents: ChangesFormat = {
  head: '',
  row: (row) => `data: ${JSON.stringify(row)}\nid: ${JSON.stringify(row.seq)}\n\n`,
  heartbeat: 'event: heartbeat\ndata: \n\n',
  tail: () => '',
};

export function changesFormat(feed: ChangesRequest['feed']): ChangesFormat {
  if (feed === 'continuous') return linePerChange;
  return feed === 'eventsource' ? serverSentEvents : inOneObject;
}
