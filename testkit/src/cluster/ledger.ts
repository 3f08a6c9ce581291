/** What a mailbox node's metrics say became of its mail (law 9), over all buckets. */
export type Ledger = {
  readonly accepted: number;
  readonly deleted: number;
  readonly expired: number;
  readonly waiting: number;
};

const SAMPLE = /^mailbox_ledger_messages\{(.*)\} (\d+)$/gm;

/** The ledger of each bucket of a mailbox node, by the bucket's name. */
export const ledgersOf = async (nodeUrl: string): Promise<Map<string, Ledger>> => {
  const answer = await fetch(`${nodeUrl}/metrics`);
  const ledgers = new Map<string, Ledger>();
  for (const [, labels = '', count = ''] of (await answer.text()).matchAll(SAMPLE)) {
    const bucket = /bucket="([^"]*)"/.exec(labels)?.[1] ?? '';
    const state = /state="([^"]*)"/.exec(labels)?.[1] ?? '';
    const known = ledgers.get(bucket) ?? { accepted: 0, deleted: 0, expired: 0, waiting: 0 };
    ledgers.set(bucket, { ...known, [state]: Number(count) });
  }
  return ledgers;
};

/** The ledgers of all buckets added up. */
export const totalLedger = async (nodeUrl: string): Promise<Ledger> =>
  [...(await ledgersOf(nodeUrl)).values()].reduce(
    (sum, ledger) => ({
      accepted: sum.accepted + ledger.accepted,
      deleted: sum.deleted + ledger.deleted,
      expired: sum.expired + ledger.expired,
      waiting: sum.waiting + ledger.waiting,
    }),
    { accepted: 0, deleted: 0, expired: 0, waiting: 0 },
  );
