import type { Figure } from '../figure.ts';
import type { Bench } from '../measurement.ts';
import type { ByRole, Usage } from '../servers/cluster-meter.ts';
import type { DatabaseSize } from '../servers/database-size.ts';
import { beyondRest, per } from './per.ts';
import type { Stage } from './stage.ts';

const BUCKETS = 'messages-';

/** What some load has used until all nodes have settled, and what it has left on a disk. */
type Part = {
  readonly cpuSeconds: ByRole<number>;
  readonly logBytes: number;
  readonly before: DatabaseSize;
  readonly after: DatabaseSize;
  readonly compacted: DatabaseSize;
  /** Of the compaction, which the engine may also do by itself at any time. */
  readonly compactionSeconds: ByRole<number>;
};

/** Messages to people who are there, to people who are away, and the catch-up of those who were. */
export const measureMessages = async (
  { size: { messages, perSecond }, progress }: Bench,
  { crowd, meter, ...stage }: Stage,
  rest: Usage,
): Promise<readonly Figure[]> => {
  const measure = async (
    load: () => Promise<unknown>,
    isThere: (now: DatabaseSize, before: DatabaseSize) => boolean,
  ): Promise<Part> => {
    const before = await stage.sizeOf(BUCKETS);
    const working = await meter.start();
    await load();
    await stage.settled(BUCKETS, (now) => isThere(now, before));
    const used = await working();
    const after = await stage.sizeOf(BUCKETS);
    const compacting = await meter.start();
    await stage.compact(BUCKETS);
    const compaction = await compacting();
    return {
      cpuSeconds: beyondRest(used, rest),
      logBytes: used.logBytes,
      before,
      after,
      compacted: await stage.sizeOf(BUCKETS),
      compactionSeconds: beyondRest(compaction, rest),
    };
  };
  const areDeleted = (now: DatabaseSize, before: DatabaseSize): boolean =>
    now.deleted >= before.deleted + messages;
  const areWaiting = (now: DatabaseSize, before: DatabaseSize): boolean =>
    now.documents >= before.documents + messages;
  const send = () => crowd.run({ kind: 'send', messages, perSecond });

  progress(`  ${messages} messages to people who are there`);
  const live = await measure(send, areDeleted);
  progress(`  ${messages} messages to people who are away`);
  await crowd.run({ kind: 'leave', who: 'recipients' });
  const waiting = await measure(send, areWaiting);
  progress('  their catch-up');
  await crowd.run({ kind: 'connect', who: 'recipients' });
  const fetched = await measure(() => crowd.run({ kind: 'catch-up', messages }), areDeleted);

  const perMillion = per(1_000_000, 'messages', messages);
  const couchAlone = (seconds: ByRole<number>): ByRole<number> =>
    new Map([...seconds].filter(([role]) => role === 'CouchDB'));
  return [
    ...perMillion.cpu(`delivered live at ${perSecond}/s`, live.cpuSeconds),
    ...perMillion.cpu('compaction after that', couchAlone(live.compactionSeconds)),
    perMillion.disk('left on each disk by delivered ones', live.after.fileBytes - live.before.fileBytes),
    perMillion.disk(
      'left on each disk by delivered ones, compacted',
      live.compacted.fileBytes - live.before.fileBytes,
    ),
    perMillion.disk('log of master and nodes, delivered live', live.logBytes),
    ...perMillion.cpu(`stored at ${perSecond}/s for people who are away`, waiting.cpuSeconds),
    perMillion.disk('waiting on each disk', waiting.after.fileBytes - waiting.before.fileBytes),
    ...perMillion.liveData('waiting on each disk, live data', waiting.after, waiting.before),
    perMillion.disk(
      'waiting on each disk, compacted',
      waiting.compacted.fileBytes - waiting.before.fileBytes,
    ),
    ...perMillion.cpu('fetched and deleted', fetched.cpuSeconds),
    perMillion.disk(
      'left on each disk by fetched ones, compacted',
      fetched.compacted.fileBytes - waiting.before.fileBytes,
    ),
  ];
};
