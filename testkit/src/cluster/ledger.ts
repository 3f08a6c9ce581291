/** What a mailbox node's metrics say became of the mail of one bucket (law 9). */
export type Ledger = {
  readonly accepted: number;
  readonly deleted: number;
  readonly expired: number;
  readonly waiting: number;
};

const NOTHING: Ledger = { accepted: 0, deleted: 0, expired: 0, waiting: 0 };
const SAMPLE = /^mailbox_ledger_messages\{(.*)\} (\d+)$/gm;

const label = (labels: string, name: string): string =>
  new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1] ?? '';

/** The ledgers of a mailbox node by bucket. */
export const ledgersOf = async (nodeUrl: string): Promise<Map<string, Ledger>> => {
  const text = await (await fetch(`${nodeUrl}/metrics`)).text();
  const ledgers = new Map<string, Ledger>();
  for (const [, labels = '', count = ''] of text.matchAll(SAMPLE)) {
    const bucket = label(labels, 'bucket');
    const known = ledgers.get(bucket) ?? NOTHING;
    ledgers.set(bucket, { ...known, [label(labels, 'state')]: Number(count) });
  }
  return ledgers;
};
