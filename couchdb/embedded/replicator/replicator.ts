/**
 * Keeps a job for every document of `_replicator`: starts it when the document comes, starts it anew when the document
 * changes, stops it when the document goes. A one-time job writes its end into its document and is not done again.
 */
import type { PouchDocument } from 'pouchdb-core';
import { forbidden, toCouchError } from '../couch-error.ts';
import { createFaultLog, type TellFault } from '../fault-log.ts';
import { isDesignId } from '../documents/document.ts';
import { parseReplication, type ReplicationRequest } from '../documents/replication-document.ts';
import { without } from '../json-object.ts';
import type { Log } from '../log.ts';
import type { Database } from '../storage/database.ts';
import { replicatorDatabase, type Databases } from '../storage/databases.ts';
import type { DocumentState } from '../storage/stored-documents.ts';
import { Job, jobIdOf } from './job.ts';
import { pause } from './pause.ts';
import { statisticsOf } from './statistics.ts';

/** A document of `_replicator` and what has become of it. */
export interface ReplicationEntry {
  docId: string;
  document: PouchDocument;
  /** None when the document is not understood or its job has ended. */
  job: Job | undefined;
  /** How the job ended, from the document. */
  outcome: { state: 'completed' | 'failed'; at: Date; reason: string | undefined } | undefined;
}

const reopenMs = 500;
const longestWaitMs = 2 ** 31 - 1;

export class Replicator {
  readonly #databases: Databases;
  readonly #log: Log;
  readonly #tellFault: TellFault;
  readonly #retryMs: number;
  readonly #stopping = new AbortController();
  readonly #entries = new Map<string, ReplicationEntry>();
  readonly #transient = new Map<string, Job>();
  /** Jobs told to stop that have not ended yet. */
  readonly #leaving = new Set<Promise<unknown>>();
  readonly #following: Promise<void>;

  /** `retryMs`: of its jobs. */
  constructor(databases: Databases, log: Log, retryMs: number) {
    this.#databases = databases;
    this.#log = log;
    this.#tellFault = createFaultLog(log);
    this.#retryMs = retryMs;
    this.#following = this.#follow();
  }

  get entries(): ReplicationEntry[] {
    return [...this.#entries.values()];
  }

  /** All jobs that go on, with the document they come from if they have one. */
  get jobs(): { job: Job; docId: string | null }[] {
    return [
      ...this.entries.flatMap(({ job, docId }) => (job === undefined ? [] : [{ job, docId }])),
      ...[...this.#transient.values()].map((job) => ({ job, docId: null })),
    ];
  }

  /** The id of the job that such a request starts. */
  idOf(request: ReplicationRequest): string {
    return jobIdOf(request, this.#databases.serverUuid);
  }

  /** Starts a replication without a document. A continuous one goes on until it is cancelled or the server stops. */
  start(request: ReplicationRequest): Job {
    const running = this.#transient.get(this.idOf(request));
    if (running !== undefined) return running;
    const job = this.#newJob(request, request.continuous ? Infinity : 1);
    this.#transient.set(job.id, job);
    void job.ended.then(() => this.#transient.delete(job.id));
    return job;
  }

  #newJob(request: ReplicationRequest, maxTries?: number): Job {
    const { serverUuid } = this.#databases;
    return new Job(request, {
      serverUuid,
      retryMs: this.#retryMs,
      ...(maxTries !== undefined && { maxTries }),
    });
  }

  /** Ends a replication that was started without a document; false when there is none of this id. */
  async cancel(jobId: string): Promise<boolean> {
    const job = this.#transient.get(jobId);
    await job?.stop();
    return job !== undefined;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#following;
    for (const job of this.#transient.values()) this.#dismiss(job);
    await Promise.all(this.#leaving);
  }

  /** Follows the database; when it is deleted, ends all jobs and waits for a new one. */
  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        if (this.#databases.has(replicatorDatabase))
          await this.#followDatabase(await this.#databases.get(replicatorDatabase));
      } catch (failure) {
        this.#tellFault('replicator interrupted', {}, failure);
      }
      for (const { docId } of this.entries) this.#remove(docId);
      await pause(reopenMs, signal);
    }
  }

  async #followDatabase(database: Database): Promise<void> {
    const { signal } = this.#stopping;
    let since = 0;
    for (;;) {
      const page = await database.changes.read(since, Infinity);
      for (const state of page.states) await this.#apply(database, state);
      since = page.lastSequence;
      if (page.atEnd && (await database.changes.wait(since, longestWaitMs, signal)) === 'ended') return;
    }
  }

  async #apply(database: Database, { entry: { id, deleted }, body: document }: DocumentState): Promise<void> {
    if (isDesignId(id) || this.#entries.get(id)?.document._rev === document._rev) return;
    this.#remove(id);
    if (deleted) return;
    const entry: ReplicationEntry = { docId: id, document, job: undefined, outcome: outcomeOf(document) };
    this.#entries.set(id, entry);
    if (entry.outcome === undefined) await this.#begin(database, entry);
  }

  async #begin(database: Database, entry: ReplicationEntry): Promise<void> {
    try {
      const request = parseReplication(entry.document);
      const twin = this.entries.find(({ job }) => job?.id === this.idOf(request));
      if (twin !== undefined)
        throw forbidden(`The same replication is already kept by document ${twin.docId}`);
      const job = this.#newJob(request);
      entry.job = job;
      void job.ended.then(async () => {
        if (job.state === 'completed') await this.#conclude(database, entry, 'completed');
      });
    } catch (failure) {
      await this.#conclude(database, entry, 'failed', toCouchError(failure).reason);
    }
  }

  #remove(docId: string): void {
    const job = this.#entries.get(docId)?.job;
    this.#entries.delete(docId);
    if (job !== undefined) this.#dismiss(job);
  }

  #dismiss(job: Job): void {
    const left = job.stop().finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
  }

  /** Writes the end of a job into its document, unless that has changed meanwhile. */
  async #conclude(
    database: Database,
    { document, job }: ReplicationEntry,
    state: 'completed' | 'failed',
    reason?: string,
  ): Promise<void> {
    const concluded = {
      ...without(document, '_replication_state_reason'),
      _id: document._id,
      _replication_state: state,
      _replication_state_time: new Date().toISOString(),
      ...(reason === undefined ? {} : { _replication_state_reason: reason }),
      ...(job === undefined
        ? {}
        : { _replication_id: job.id, _replication_stats: statisticsOf(job.progress) }),
    };
    const [result] = await database
      .write([concluded], 'edit')
      .catch((failure: unknown) => [toCouchError(failure)]);
    if (result !== undefined && 'status' in result && result.status !== 409)
      this.#log('replication end not written', { status: result.status });
  }
}

function outcomeOf(document: PouchDocument): ReplicationEntry['outcome'] {
  const {
    _replication_state: state,
    _replication_state_time: at,
    _replication_state_reason: reason,
  } = document;
  if (state !== 'completed' && state !== 'failed') return undefined;
  return {
    state,
    at: typeof at === 'string' ? new Date(at) : new Date(),
    reason: typeof reason === 'string' ? reason : undefined,
  };
}
