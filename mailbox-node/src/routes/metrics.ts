import type { RefusedWrites } from '../mesh/refused-writes.ts';
import { ERRORS, type ErrorCode } from '@restante/protocol';
import { Counter, Gauge, Histogram, type ClockHealth, type Registry } from '@restante/service-kit';
import type { BatchWatch } from '../couch/bulk-writer.ts';
import type { DatabaseSize } from '../couch/database-keeper.ts';
import type { BucketLedger } from '../couch/ledger.ts';
import type { ReplicationJob } from '../couch/mesh-keeper.ts';
import type { DocumentFault } from '../couch/envelope-row.ts';
import type { EndReason } from '../mail/live-events.ts';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const DOCUMENTS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** What is read at the moment of a scrape. */
export type MetricSources = {
  readonly queuedBytes: () => number;
  readonly sharedIds: () => number;
  readonly listeners: () => number;
  readonly isUp: () => boolean;
  readonly isComplete: () => boolean;
  readonly isFull: () => boolean;
  readonly clock: () => ClockHealth;
  readonly lagSeconds: () => Readonly<Record<string, number>>;
  readonly jobs: () => readonly ReplicationJob[];
  readonly refusedWrites: RefusedWrites['counts'];
  readonly isFollowing: () => boolean;
  readonly sizes: () => readonly DatabaseSize[];
  readonly setAside: () => Readonly<Record<DocumentFault, number>>;
};

/** Metrics of a mailbox node. Labels come from closed sets; series are there from the start, at zero. */
export const createMetrics = (registry: Registry, sources: MetricSources) => {
  const registers = [registry];
  const counter = (name: string, help: string) => new Counter({ name, help, registers });

  const refused = new Counter({
    name: 'mailbox_refused_total',
    help: 'Envelopes and requests refused, by error code',
    labelNames: ['code'],
    registers,
  });
  for (const code of Object.keys(ERRORS)) refused.inc({ code }, 0);

  const streamsEnded = new Counter({
    name: 'mailbox_streams_ended_total',
    help: 'Event streams that the node ended, by reason',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of ['slow', 'replaced', 'aged', 'stopping'] satisfies EndReason[]) {
    streamsEnded.inc({ reason }, 0);
  }

  const ledger = new Gauge({
    name: 'mailbox_ledger_messages',
    help: 'Mail of a bucket by what became of it: accepted = deleted + expired + waiting',
    labelNames: ['bucket', 'state'],
    registers,
  });
  const ledgerGap = new Gauge({
    name: 'mailbox_ledger_gap_messages',
    help: 'Mail that is not there although nobody deleted it (lost), or is there although it was deleted (returned), by the last count during which nothing changed',
    labelNames: ['bucket', 'kind'],
    registers,
  });
  const LEDGER_GAPS = ['lost', 'returned'] as const;
  const LEDGER_STATES = ['accepted', 'deleted', 'expired', 'waiting'] as const;

  new Gauge({
    name: 'mailbox_queued_bytes',
    help: 'Bytes that wait for a group commit',
    registers,
    collect() {
      this.set(sources.queuedBytes());
    },
  });
  new Gauge({
    name: 'mailbox_sender_share_messages',
    help: 'Waiting messages whose senders are remembered, so that each has no more than its share of a mailbox',
    registers,
    collect() {
      this.set(sources.sharedIds());
    },
  });
  new Gauge({
    name: 'mailbox_listeners',
    help: 'Open event streams',
    registers,
    collect() {
      this.set(sources.listeners());
    },
  });
  new Gauge({
    name: 'mailbox_couchdb_up',
    help: '1 when CouchDB takes and gives mail',
    registers,
    collect() {
      this.set(sources.isUp() ? 1 : 0);
    },
  });
  new Gauge({
    name: 'mailbox_store_full',
    help: '1 while CouchDB answers and takes no writes: its disk is full, most likely',
    registers,
    collect() {
      this.set(sources.isFull() ? 1 : 0);
    },
  });
  new Gauge({
    name: 'mailbox_clock_doubted',
    help: '1 while the clock is not believed, and no bucket is dropped by it',
    registers,
    collect() {
      this.set(sources.clock().isDoubted ? 1 : 0);
    },
  });
  new Gauge({
    name: 'mailbox_clock_ahead_seconds',
    help: 'How far the clock is ahead of the confirmed time; negative: behind it',
    registers,
    collect() {
      this.set(sources.clock().aheadSeconds);
    },
  });
  new Gauge({
    name: 'mailbox_caught_up',
    help: '1 when every bucket has been caught up with each peer since it was created; 0 while the mesh fills one',
    registers,
    collect() {
      this.set(sources.isComplete() ? 1 : 0);
    },
  });
  new Gauge({
    name: 'mailbox_replication_lag_seconds',
    help: "How long a peer's last canary took to arrive, or how long the next one is overdue",
    labelNames: ['peer'],
    registers,
    collect() {
      for (const [peer, seconds] of Object.entries(sources.lagSeconds())) this.set({ peer }, seconds);
    },
  });
  new Gauge({
    name: 'mailbox_replication_running',
    help: '1 for each of this node’s pulls that CouchDB runs',
    labelNames: ['database', 'peer'],
    registers,
    collect() {
      this.reset();
      for (const { database, peer, state } of sources.jobs()) {
        this.set({ database, peer }, state === 'running' ? 1 : 0);
      }
    },
  });

  new Counter({
    name: 'mailbox_mesh_writes_refused_total',
    help: "Documents of a peer's that this node did not take from the mesh, and why",
    labelNames: ['peer', 'reason'],
    registers,
    collect() {
      this.reset();
      for (const [peer, counts] of Object.entries(sources.refusedWrites()))
        for (const [reason, refused] of Object.entries(counts)) this.inc({ peer, reason }, refused);
    },
  });
  new Gauge({
    name: 'mailbox_following',
    help: '1 when the node sees all changes of its CouchDB, so that it can serve event streams',
    registers,
    collect() {
      this.set(sources.isFollowing() ? 1 : 0);
    },
  });
  new Gauge({
    name: 'mailbox_documents_set_aside',
    help: 'Documents of buckets that are no envelopes and are passed over, by what is wrong with them',
    labelNames: ['fault'],
    registers,
    collect() {
      for (const [fault, documents] of Object.entries(sources.setAside())) this.set({ fault }, documents);
    },
  });
  const perDatabase = (name: string, help: string, value: (size: DatabaseSize) => number | null) =>
    new Gauge({
      name,
      help,
      labelNames: ['database'],
      registers,
      collect() {
        this.reset();
        for (const size of sources.sizes()) {
          const known = value(size);
          if (known !== null) this.set({ database: size.name }, known);
        }
      },
    });
  perDatabase('mailbox_database_documents', 'Documents of a database', ({ documents }) => documents);
  perDatabase('mailbox_database_tombstones', 'Deleted documents of a database', ({ deleted }) => deleted);
  perDatabase(
    'mailbox_database_file_bytes',
    'Size of a database on disk, as CouchDB tells it',
    ({ fileBytes }) => fileBytes,
  );

  const commitSeconds = new Histogram({
    name: 'mailbox_commit_seconds',
    help: 'Time of one group commit in CouchDB',
    buckets: SECONDS,
    registers,
  });
  const commitDocuments = new Histogram({
    name: 'mailbox_bulk_documents',
    help: 'Documents in one group commit',
    buckets: DOCUMENTS,
    registers,
  });
  const writeFailures = counter(
    'mailbox_write_failures_total',
    'Group commits and canaries that CouchDB did not take',
  );
  const batches: BatchWatch = {
    written: (documents, seconds) => {
      commitDocuments.observe(documents);
      commitSeconds.observe(seconds);
    },
    failed: () => writeFailures.inc(),
  };

  return {
    batches,
    catchUpsBegun: counter('mailbox_catch_ups_begun_total', 'First pages of ids that were asked for'),
    catchUpsCompleted: counter(
      'mailbox_catch_ups_completed_total',
      'Pages of ids after which the mailbox had nothing more',
    ),
    halfUploadParts: counter(
      'mailbox_half_upload_parts_removed_total',
      'Parts of blobs that never became whole, and were taken away',
    ),
    stored: counter('mailbox_stored_total', 'Envelopes stored, retries too'),
    deleted: counter('mailbox_deleted_total', 'Messages acknowledged, retries too'),
    pages: counter('mailbox_pages_total', 'Pages read'),
    pageMessages: counter('mailbox_page_messages_total', 'Messages read in pages'),
    pageExpired: counter('mailbox_page_expired_total', 'Expired messages passed over in pages of ids'),
    events: counter('mailbox_events_total', 'Envelopes sent to event streams'),
    storeSeconds: new Histogram({
      name: 'mailbox_store_seconds',
      help: 'Time to make the envelopes of one request durable',
      buckets: SECONDS,
      registers,
    }),
    readSeconds: new Histogram({
      name: 'mailbox_read_seconds',
      help: 'Time to read a page',
      buckets: SECONDS,
      registers,
    }),
    refuse: (code: ErrorCode): void => refused.inc({ code }),
    endStream: (reason: EndReason): void => streamsEnded.inc({ reason }),
    setLedger: (bucket: string, counts: BucketLedger): void => {
      for (const state of LEDGER_STATES) ledger.set({ bucket, state }, counts[state]);
      if (counts.isExact) for (const kind of LEDGER_GAPS) ledgerGap.set({ bucket, kind }, counts[kind]);
    },
    forgetLedger: (bucket: string): void => {
      for (const state of LEDGER_STATES) ledger.remove({ bucket, state });
      for (const kind of LEDGER_GAPS) ledgerGap.remove({ bucket, kind });
    },
  };
};

export type Metrics = ReturnType<typeof createMetrics>;
