import type { ReplicationRequest } from '../documents/replication-document.ts';
import { Checkpoint } from './checkpoint.ts';
import { FeedReader, type FeedBatch } from './feed-reader.ts';
import { pause } from './pause.ts';
import { Peer, type RemoteChange } from './peer.ts';
import { statisticsOf, zeroStatistics, type ReplicationStatistics } from './statistics.ts';

/** How far a replication is; filled in while it runs. */
export interface ReplicationProgress extends ReplicationStatistics {
  checkpointed_source_seq: unknown;
  source_seq: unknown;
  through_seq: unknown;
  /** Changes of the source not looked at yet, as far as is known. */
  changes_pending: number | null;
}

export interface ReplicationOptions {
  checkpointId: string;
  progress: ReplicationProgress;
  /** Both ends answer and the work begins. */
  onStarted: () => void;
  signal: AbortSignal;
}

const maxBatchChanges = 200;
const maxBatchRevisions = 100;
/** What comes within this time after the first change of a batch is in it: most of it then needs no copying any more. */
const gatherMs = 50;
/** How long the batch at hand and the last record may take when the replication is stopped. */
const stopGraceMs = 2_000;

export function zeroProgress(): ReplicationProgress {
  return {
    ...zeroStatistics(),
    checkpointed_source_seq: 0,
    source_seq: 0,
    through_seq: 0,
    changes_pending: null,
  };
}

/**
 * Copies what the source has and the target has not: to the end of the source's changes, or, when it is continuous,
 * until it is stopped. Throws when an end fails. What was copied is on the target's disk before its place is recorded.
 */
export async function replicate(
  request: ReplicationRequest,
  { checkpointId, progress, onStarted, signal }: ReplicationOptions,
): Promise<void> {
  const finished = new AbortController();
  const source = new Peer(request.source, finished.signal);
  const target = new Peer(request.target, finished.signal);
  const stop = () => setTimeout(() => finished.abort(), stopGraceMs).unref();
  signal.addEventListener('abort', stop);
  try {
    await source.check();
    if (request.createTarget) await target.createIfMissing();
    await target.check();
    const checkpoint = await Checkpoint.begin(checkpointId, [source, target]);
    progress.checkpointed_source_seq = progress.source_seq = progress.through_seq = checkpoint.start;
    progress.changes_pending = await source.countPending(checkpoint.start, request.filter);
    onStarted();
    const feed = new FeedReader(source.changes(checkpoint.start, request.continuous, request.filter));
    const { continuous: gathers, checkpointIntervalMs, batchSize } = request;
    const filtered = request.filter !== undefined;
    await copyAll(feed, {
      gathers,
      checkpointIntervalMs,
      batchRevisions: Math.min(batchSize, maxBatchRevisions),
      filtered,
      source,
      target,
      checkpoint,
      progress,
      signal,
    });
  } finally {
    signal.removeEventListener('abort', stop);
    finished.abort();
  }
}

interface Work {
  /** Changes go on coming: a batch may wait for them. */
  gathers: boolean;
  checkpointIntervalMs: number;
  /** How many documents are read and written at a time. */
  batchRevisions: number;
  /** The source is asked for some of its changes only. */
  filtered: boolean;
  source: Peer;
  target: Peer;
  checkpoint: Checkpoint;
  progress: ReplicationProgress;
  signal: AbortSignal;
}

async function copyAll(feed: FeedReader, work: Work): Promise<void> {
  const { gathers, checkpointIntervalMs, checkpoint, progress, signal } = work;
  const stop = () => feed.stop();
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    let recordAt = Date.now() + checkpointIntervalMs;
    for (let ended = false; !ended;) {
      await feed.arrival(checkpointIntervalMs);
      if (gathers && feed.waiting < maxBatchChanges) await pause(gatherMs, signal);
      const batch = feed.take(maxBatchChanges);
      await copyBatch(batch, work);
      ended = batch.ended || signal.aborted;
      if (!ended && Date.now() < recordAt) continue;
      await checkpoint.record(progress.through_seq, statisticsOf(progress));
      progress.checkpointed_source_seq = checkpoint.recorded;
      recordAt = Date.now() + checkpointIntervalMs;
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function copyBatch(batch: FeedBatch, work: Work): Promise<void> {
  const { progress } = work;
  const { changes, lastSeq, idle, ended } = batch;
  if (changes.length > 0) await copyChanges(changes, work);
  if (lastSeq !== undefined) progress.through_seq = progress.source_seq = lastSeq;
  const pending = Math.max(0, (progress.changes_pending ?? 0) - changes.length);
  progress.changes_pending = idle || ended ? 0 : pending;
}

async function copyChanges(
  changes: RemoteChange[],
  { source, target, filtered, batchRevisions, progress }: Work,
): Promise<void> {
  const revisions: Record<string, string[]> = {};
  for (const { id, revs } of changes) revisions[id] = [...new Set([...(revisions[id] ?? []), ...revs])];
  progress.revisions_checked += Object.values(revisions).flat().length;

  const missing = Object.entries(await target.findMissing(revisions)).flatMap(([id, revs]) =>
    revs.map((rev) => ({ id, rev })),
  );
  progress.missing_revisions_found += missing.length;
  for (let from = 0; from < missing.length; from += batchRevisions) {
    // What follows a revision may be what the filter leaves out, as a tombstone follows a document: then it comes by itself or not at all.
    const documents = await source.readRevisions(missing.slice(from, from + batchRevisions), !filtered);
    progress.docs_read += documents.length;
    if (documents.length === 0) continue;
    const failures = await target.writeRevisions(documents);
    progress.doc_write_failures += failures;
    progress.docs_written += documents.length - failures;
  }
}
