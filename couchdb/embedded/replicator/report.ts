/** Jobs as `_scheduler` and `_active_tasks` show them. */
import { replicatorDatabase } from '../storage/databases.ts';
import type { Job } from './job.ts';
import type { ReplicationEntry } from './replicator.ts';
import { statisticsOf } from './statistics.ts';

const node = 'nonode@nohost';

type DocumentedJob = { job: Job; docId: string | null };

export function scheduledJob({ job, docId }: DocumentedJob) {
  return {
    database: docId === null ? null : replicatorDatabase,
    id: job.id,
    pid: null,
    source: job.request.source.url,
    target: job.request.target.url,
    user: null,
    doc_id: docId,
    info: infoOf(job),
    history: job.events,
    node,
    start_time: job.startedAt.toISOString(),
  };
}

export function scheduledDoc({ docId, document, job, outcome }: ReplicationEntry) {
  return {
    database: replicatorDatabase,
    doc_id: docId,
    id: job?.id ?? null,
    node,
    source: job?.request.source.url ?? withoutCredentials(document['source']),
    target: job?.request.target.url ?? withoutCredentials(document['target']),
    // It is completed for others once its document says so.
    state: outcome?.state ?? (job?.state === 'completed' ? 'running' : job?.state) ?? 'pending',
    info: job === undefined ? { ...endOf(document), ...errorOf(outcome?.reason) } : infoOf(job),
    error_count: job?.errorCount ?? (outcome?.state === 'failed' ? 1 : 0),
    last_updated: (job?.updatedAt ?? outcome?.at ?? new Date()).toISOString(),
    start_time: (job?.startedAt ?? outcome?.at ?? new Date()).toISOString(),
    source_proxy: null,
    target_proxy: null,
  };
}

export function activeTask({ job, docId }: DocumentedJob) {
  return {
    type: 'replication',
    database: docId === null ? null : replicatorDatabase,
    doc_id: docId,
    replication_id: job.id,
    source: job.request.source.url,
    target: job.request.target.url,
    continuous: job.request.continuous,
    user: null,
    node,
    pid: null,
    started_on: seconds(job.startedAt),
    updated_on: seconds(job.updatedAt),
    ...job.progress,
  };
}

function infoOf({ progress, error }: Job) {
  const { changes_pending, checkpointed_source_seq, source_seq, through_seq } = progress;
  return {
    ...statisticsOf(progress),
    changes_pending,
    checkpointed_source_seq,
    source_seq,
    through_seq,
    ...errorOf(error),
  };
}

function errorOf(error: string | undefined) {
  return error === undefined ? {} : { error };
}

function endOf({ _replication_stats: statistics }: ReplicationEntry['document']): object {
  return typeof statistics === 'object' && statistics !== null ? statistics : {};
}

/** An end of a replication that was not understood. */
function withoutCredentials(end: unknown): string | null {
  const url = typeof end === 'object' && end !== null && 'url' in end ? end.url : end;
  return typeof url === 'string' ? url.replace(/\/\/[^/]*@/, '//') : null;
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
