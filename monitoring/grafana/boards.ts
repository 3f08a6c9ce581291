/** The boards of Grafana, as what they show. `write-boards.ts` makes Grafana's JSON of them. */

export type Panel = {
  readonly title: string;
  /** What is good and what is not. */
  readonly description: string;
  /** A unit of Grafana. */
  readonly unit: 'short' | 's' | 'bytes' | 'reqps' | 'percentunit' | 'none';
  /** One number for each series instead of lines. */
  readonly stat?: boolean;
  /** For one number: red below this. */
  readonly redBelow?: number;
  /** For one number: red from this on. */
  readonly redFrom?: number;
  /** Queries by legend. */
  readonly queries: Readonly<Record<string, string>>;
};

export type Board = {
  /** Also the name of the file. */
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
};

const p99 = (histogram: string, by: string): string =>
  `histogram_quantile(0.99, sum by (${by}, le) (rate(${histogram}_bucket[$__rate_interval])))`;
const p50 = (histogram: string, by: string): string =>
  `histogram_quantile(0.5, sum by (${by}, le) (rate(${histogram}_bucket[$__rate_interval])))`;
const rate = (counter: string, by: string): string => `sum by (${by}) (rate(${counter}[$__rate_interval]))`;

const processPanels = (job: string): Panel[] => [
  {
    title: 'Memory',
    description: 'Of the process, as a share of what it may take. The alert comes at 90 %.',
    unit: 'percentunit',
    queries: {
      '{{instance}}': `process_resident_memory_bytes{job="${job}"} / restante_memory_limit_bytes{job="${job}"}`,
    },
  },
  {
    title: 'CPU',
    description: 'Cores in use. One thread does most of the work: 1 is full.',
    unit: 'short',
    queries: { '{{instance}}': `rate(process_cpu_seconds_total{job="${job}"}[$__rate_interval])` },
  },
  {
    title: 'Event loop delay, p99',
    description: 'About 10 ms at rest. How late the service reacts.',
    unit: 's',
    queries: { '{{instance}}': `nodejs_eventloop_lag_p99_seconds{job="${job}"}` },
  },
];

const overview: Board = {
  uid: 'restante-overview',
  title: 'Restante: overview',
  panels: [
    {
      title: 'Masters up',
      description: 'Answering scrapes.',
      unit: 'none',
      stat: true,
      redBelow: 1,
      queries: { masters: 'sum(up{job="master"})' },
    },
    {
      title: 'Nodes that store',
      description:
        'Mailbox nodes whose CouchDB takes mail. Below the write concern messages have fewer copies.',
      unit: 'none',
      stat: true,
      redBelow: 2,
      queries: { nodes: 'sum(mailbox_couchdb_up)' },
    },
    {
      title: 'Ledger gap',
      description:
        'accepted - deleted - expired - waiting over all buckets (law 9). Anything but 0 is a loss.',
      unit: 'none',
      stat: true,
      redFrom: 1,
      queries: { messages: 'sum(abs(mailbox_ledger_gap_messages))' },
    },
    {
      title: 'Pulls that do not run',
      description: 'One-way replications that CouchDB does not run.',
      unit: 'none',
      stat: true,
      redFrom: 1,
      queries: { pulls: 'count(mailbox_replication_running == 0) or vector(0)' },
    },
    {
      title: 'Messages accepted',
      description: 'By copies at that moment. One copy: two nodes are away.',
      unit: 'reqps',
      queries: { '{{copies}} copies': 'cluster:gateway_sends_accepted:rate5m' },
    },
    {
      title: 'Messages refused',
      description:
        '`unavailable` and `internal` are the cluster’s fault; the others are answers to the sender.',
      unit: 'reqps',
      queries: { '{{code}}': `${rate('gateway_sends_refused_total', 'code')} > 0` },
    },
    {
      title: 'Latency, p99',
      description: 'From the frame of a sender to the push, and to its `accepted`.',
      unit: 's',
      queries: {
        push: 'cluster:gateway_push_latency_seconds:p99_rate5m',
        accepted: 'cluster:gateway_accept_latency_seconds:p99_rate5m',
      },
    },
    {
      title: 'Connections',
      description: 'Open WebSockets of each master.',
      unit: 'none',
      queries: { '{{instance}}': 'gateway_connections' },
    },
    {
      title: 'Versions',
      description: 'Services by version: more than one line of a service while it is updated.',
      unit: 'none',
      queries: { '{{service}} {{version}}': 'count by (service, version) (restante_build_info)' },
    },
    {
      title: 'Waiting messages',
      description:
        'Mail that nobody has fetched yet, for each node. The nodes hold the same, so the lines lie together.',
      unit: 'none',
      queries: { '{{node}}': 'sum by (node) (mailbox_ledger_messages{state="waiting"})' },
    },
    {
      title: 'Replication lag, worst pair',
      description: 'Under a second at rest; grows while a peer is away.',
      unit: 's',
      queries: { '{{node}}': 'max by (node) (mailbox_replication_lag_seconds)' },
    },
  ],
};

const cell: Board = {
  uid: 'restante-cell',
  title: 'Restante: servers of the cell',
  panels: [
    {
      title: 'Servers up',
      description: 'Servers of the cell that people can use, as this one sees them.',
      unit: 'none',
      stat: true,
      redBelow: 1,
      queries: { '{{server}}': 'watch_server_up' },
    },
    {
      title: 'Until certificates end',
      description: 'Of the certificates that this server shows now. The alert comes two weeks before.',
      unit: 's',
      stat: true,
      redBelow: 14 * 86_400,
      queries: { '{{certificate}}': 'watch_certificate_not_after_seconds - time()' },
    },
    {
      title: 'Certificates shown',
      description: '0: nginx (people) or the door (servers) takes no connections.',
      unit: 'none',
      stat: true,
      redBelow: 1,
      queries: { '{{certificate}}': 'watch_certificate_shown' },
    },
    {
      title: 'Bus',
      description: 'Whether each master of this server can tell the others anything.',
      unit: 'none',
      stat: true,
      redBelow: 1,
      queries: { '{{instance}}': 'gateway_bus_up' },
    },
    {
      title: 'Connections at each server',
      description: 'Who is where. A server that is missing has no line; its people are at the others.',
      unit: 'none',
      queries: { '{{server}}': 'watch_server_connections' },
    },
    {
      title: 'Share of the fullest server',
      description: 'A third where there are three. The alert comes at 80 % for an hour.',
      unit: 'percentunit',
      queries: { share: 'max(watch_server_connections) / sum(watch_server_connections)' },
    },
    {
      title: 'Mesh lag of each pair of servers',
      description: 'Under a second at rest. One line that grows: that way between two servers is cut.',
      unit: 's',
      queries: { '{{peer}} → {{node}}': 'mailbox_replication_lag_seconds' },
    },
    {
      title: 'Attempts to log in as the operator',
      description: 'At /cluster/. Some that are refused are typing errors; many are guesses.',
      unit: 'reqps',
      queries: { '{{result}}': rate('watch_logins_total', 'result') },
    },
    ...processPanels('watch'),
  ],
};

const master: Board = {
  uid: 'restante-master',
  title: 'Restante: masters',
  panels: [
    {
      title: 'Frames received',
      description: 'By type; `invalid` are frames that break the protocol.',
      unit: 'reqps',
      queries: { '{{type}}': rate('gateway_frames_received_total', 'type') },
    },
    {
      title: 'Push latency',
      description: 'From the frame of a sender to the push of its envelopes.',
      unit: 's',
      queries: {
        'p50 {{instance}}': p50('gateway_push_latency_seconds', 'instance'),
        'p99 {{instance}}': p99('gateway_push_latency_seconds', 'instance'),
      },
    },
    {
      title: 'Store latency of the nodes, as masters see it, p99',
      description: 'One `POST /messages`. A slow line: that node, or the way to it.',
      unit: 's',
      queries: { '{{node}}': p99('gateway_store_latency_seconds', 'node') },
    },
    {
      title: 'Bytes that wait to be written',
      description: 'A queue that stays is a node that is too slow. At 64 MiB more is refused.',
      unit: 'bytes',
      queries: { '{{node}}': 'sum by (node) (gateway_store_queue_bytes)' },
    },
    {
      title: 'Slow readers',
      description: 'Connections that get no pushes until they have read, and those told to catch up.',
      unit: 'none',
      queries: {
        'slow now': 'sum(gateway_slow_connections)',
        'told to catch up, per minute': '60 * sum(rate(gateway_catch_ups_total[$__rate_interval]))',
      },
    },
    {
      title: 'Events between masters',
      description: 'What masters hear of each other over the bus. A master alone hears nothing.',
      unit: 'reqps',
      queries: { '{{kind}}': `${rate('gateway_bus_received_total', 'kind')} > 0` },
    },
    {
      title: 'What the bus may have lost',
      description:
        'Gaps that masters have noticed, events that were not told, connections that had to catch up for it. See BusAway.',
      unit: 'reqps',
      queries: {
        gaps: 'sum(rate(gateway_bus_gaps_total[$__rate_interval]))',
        'not told: {{reason}}': `${rate('gateway_bus_dropped_total', 'reason')} > 0`,
        'no event': 'sum(rate(gateway_bus_refused_total[$__rate_interval]))',
        'told to catch up': 'sum(rate(gateway_bus_catch_ups_total[$__rate_interval]))',
      },
    },
    {
      title: 'Masters that each one hears',
      description: 'Beside itself. Fewer than there are: no way between some of them.',
      unit: 'none',
      queries: { '{{instance}}': 'sum by (instance) (gateway_bus_masters)' },
    },
    {
      title: 'Connections ended by the server',
      description: '`connection-stalled`: peers that are gone. `draining`: restarts.',
      unit: 'reqps',
      queries: { '{{code}}': `${rate('gateway_connections_ended_total', 'code')} > 0` },
    },
    {
      title: 'Stock of one-time keys, median',
      description:
        'Of devices that connect or whose keys are taken. Below 20 a device is told to upload more.',
      unit: 'none',
      queries: { '{{kind}}': p50('gateway_key_stock_keys', 'kind') },
    },
    {
      title: 'Bundles of the last resort',
      description: 'Share of the key bundles without a one-time Kyber key.',
      unit: 'percentunit',
      queries: {
        share:
          'sum(rate(gateway_last_resort_keys_handed_out_total[$__rate_interval])) / sum(rate(gateway_key_fetches_total[$__rate_interval]))',
      },
    },
    {
      title: 'REST',
      description: 'Answers by status.',
      unit: 'reqps',
      queries: { '{{status}}': rate('gateway_http_requests_total', 'status') },
    },
    {
      title: 'Sign-ins and requests over a rate',
      description: 'Many refused passwords: somebody guesses.',
      unit: 'reqps',
      queries: {
        'sign-in {{result}}': rate('gateway_logins_total', 'result'),
        'over rate: {{limit}}': `${rate('gateway_rate_limited_total', 'limit')} > 0`,
      },
    },
    {
      title: 'Accounts made and refused',
      description:
        'Everybody is asked for work once (work-needed). Many more than people come: a flood, see AccountsFlood.',
      unit: 'reqps',
      queries: {
        made: 'sum(rate(gateway_registrations_total[$__rate_interval]))',
        '{{code}}': `${rate('gateway_registrations_refused_total', 'code')} > 0`,
      },
    },
    {
      title: 'Signals that nobody takes',
      description:
        'Typing and presence that were kept from devices which do not take them from that account. Many: somebody disturbs.',
      unit: 'reqps',
      queries: { '{{type}}': rate('gateway_signals_withheld_total', 'type') },
    },
    ...processPanels('master'),
  ],
};

const mailboxNodes: Board = {
  uid: 'restante-mailbox-nodes',
  title: 'Restante: mailbox nodes',
  panels: [
    {
      title: 'Messages stored and deleted',
      description: 'Retries count too.',
      unit: 'reqps',
      queries: {
        'stored {{node}}': rate('mailbox_stored_total', 'node'),
        'deleted {{node}}': rate('mailbox_deleted_total', 'node'),
      },
    },
    {
      title: 'Store latency, p99',
      description: 'To make the envelopes of one request durable.',
      unit: 's',
      queries: { '{{node}}': 'node:mailbox_store_seconds:p99_rate5m' },
    },
    {
      title: 'Page latency, p99',
      description: 'To read one page of a mailbox.',
      unit: 's',
      queries: { '{{node}}': p99('mailbox_read_seconds', 'node') },
    },
    {
      title: 'Catch-ups that reach their end',
      description: 'Of the mailboxes that a device began to read here, how many it read to the last page.',
      unit: 'percentunit',
      queries: { '{{node}}': 'node:mailbox_catch_ups_completed:ratio_rate5m' },
    },
    {
      title: 'Messages in pages',
      description: 'Read by devices, and passed over because nobody had read them in time.',
      unit: 'reqps',
      queries: {
        'read {{node}}': rate('mailbox_page_messages_total', 'node'),
        'expired {{node}}': rate('mailbox_page_expired_total', 'node'),
      },
    },
    {
      title: 'Event streams',
      description: 'Open streams, and streams ended because their reader was slow (per minute).',
      unit: 'none',
      queries: {
        'open {{node}}': 'mailbox_listeners',
        'slow {{node}}': '60 * rate(mailbox_streams_ended_total{reason="slow"}[$__rate_interval])',
      },
    },
    {
      title: 'Refused',
      description: 'Envelopes and requests by error.',
      unit: 'reqps',
      queries: { '{{code}}': `${rate('mailbox_refused_total', 'code')} > 0` },
    },
    {
      title: 'Bytes that wait for a group commit',
      description: 'At 32 MiB more is refused.',
      unit: 'bytes',
      queries: { '{{node}}': 'mailbox_queued_bytes' },
    },
    ...processPanels('mailbox-node'),
  ],
};

const mesh: Board = {
  uid: 'restante-mesh',
  title: 'Restante: databases and mesh',
  panels: [
    {
      title: 'Ledger',
      description: 'What became of the mail of each bucket: accepted = deleted + expired + waiting.',
      unit: 'none',
      queries: { '{{node}} {{bucket}} {{state}}': 'mailbox_ledger_messages' },
    },
    {
      title: 'Ledger gap',
      description: 'Of the last count during which nothing changed. Anything but 0 is a loss.',
      unit: 'none',
      queries: { '{{node}} {{bucket}}': 'mailbox_ledger_gap_messages' },
    },
    {
      title: 'Replication lag of each pair',
      description:
        'How long the last canary of a peer took to arrive, or how long the next one is overdue. A second or two is usual.',
      unit: 's',
      queries: { '{{peer}} to {{node}}': 'mailbox_replication_lag_seconds' },
    },
    {
      title: 'Replications that run',
      description: 'Of each pair: as many as there are databases.',
      unit: 'none',
      queries: { '{{peer}} to {{node}}': 'sum by (node, peer) (mailbox_replication_running)' },
    },
    {
      title: 'Commit latency, p99',
      description: 'One `_bulk_docs` in CouchDB with its fsync.',
      unit: 's',
      queries: { '{{node}}': p99('mailbox_commit_seconds', 'node') },
    },
    {
      title: 'Documents in one commit, median',
      description: 'Grows with load: many senders share one fsync.',
      unit: 'none',
      queries: { '{{node}}': p50('mailbox_bulk_documents', 'node') },
    },
    {
      title: 'Writes that CouchDB did not take',
      description: 'Other than 0 for long: most often a full disk.',
      unit: 'reqps',
      queries: { '{{node}}': rate('mailbox_write_failures_total', 'node') },
    },
    {
      title: 'Refused from the mesh',
      description:
        'By peer and reason. Some deletions come with a node that catches up; anything else: somebody writes at the peer.',
      unit: 'reqps',
      queries: {
        '{{node}} from {{peer}}: {{reason}}': rate('mailbox_mesh_writes_refused_total', 'node, peer, reason'),
      },
    },
    {
      title: 'Size on disk',
      description: 'Of each node’s databases. CouchDB does not tell how much space is left.',
      unit: 'bytes',
      queries: { '{{node}}': 'sum by (node) (mailbox_database_file_bytes)' },
    },
    {
      title: 'Documents and tombstones',
      description: 'Tombstones go when their bucket is dropped.',
      unit: 'none',
      queries: {
        'documents {{node}}': 'sum by (node) (mailbox_database_documents)',
        'tombstones {{node}}': 'sum by (node) (mailbox_database_tombstones)',
      },
    },
    {
      title: 'Directory servers that masters use',
      description: '1: answers. 0: passed over.',
      unit: 'none',
      queries: { '{{server}}': 'gateway_directory_server_up' },
    },
    {
      title: 'Conflicts in the directory resolved',
      description: 'After a partition. The command `npm run conflicts` lists them.',
      unit: 'reqps',
      queries: { '{{kind}}': rate('gateway_directory_conflicts_resolved_total', 'kind') },
    },
    {
      title: 'What no master wrote in the directory',
      description:
        'Found at a CouchDB, and put back from the others. Zero, unless somebody has its credentials.',
      unit: 'reqps',
      queries: {
        'found: {{fault}}': rate('gateway_directory_tampered_total', 'fault'),
        'put back: {{fault}}': rate('gateway_directory_restored_total', 'fault'),
      },
    },
  ],
};

export const BOARDS: readonly Board[] = [overview, cell, master, mailboxNodes, mesh];
