import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '@restante/protocol';
import { readEnvironment } from '@restante/service-kit';
import { z } from 'zod';
import { readOptions, type Command, type CommandContext } from '../cli/command.ts';
import { table } from '../cli/table.ts';
import { until } from '../cli/until.ts';
import { removeFromCouch, startCluster, type Cluster } from '../cluster/index.ts';
import { newMarker } from '../demo/marker.ts';
import { createNarrator } from '../demo/narrator.ts';
import { countConflicts, readHoldings, type Holdings } from '../demo/read-holdings.ts';
import { searchDocuments } from '../demo/search-documents.ts';
import { searchFiles } from '../demo/search-files.ts';
import { checkSearch } from '../demo/self-check.ts';
import { tellStory } from '../demo/story.ts';
import { clusterCouchUrls } from './couch-urls.ts';

const MOST_MESSAGES = 5_000;

const options = z.strictObject({
  messages: z.coerce.number().int().min(30).max(MOST_MESSAGES).default(1_000),
  json: z.boolean().default(false),
  keep: z.boolean().default(false),
});

const environment = z.object({ COUCHDB_URLS: clusterCouchUrls.optional() });

const SETTLE_DEADLINE_MS = 60_000;
const SCOPE = { bucketSpanDays: 10, messageTtlMs: LIMITS.messageTtlMs };

/** Waits until the mesh has brought all nodes to the same state and nothing is left, or the deadline has passed. */
const settle = async (cluster: Cluster, signal: AbortSignal): Promise<Holdings> => {
  const scope = { ...SCOPE, databasePrefix: cluster.databasePrefix };
  let holdings = await readHoldings(cluster, scope);
  await until(
    async () => {
      holdings = await readHoldings(cluster, scope);
      return holdings.isSettled && holdings.waiting === 0;
    },
    { deadlineMs: SETTLE_DEADLINE_MS, signal, everyMs: 250 },
  );
  return holdings;
};

type Result = {
  /** Which parts were killed while Alice sent. */
  readonly killed: readonly string[];
  readonly sent: number;
  readonly accepted: number;
  readonly received: number;
  readonly lost: number;
  readonly shownTwice: number;
  readonly inOrder: boolean;
  readonly left: number;
  readonly conflicts: number;
  readonly plaintext: number;
  readonly seconds: number;
};

const show = ({ print }: CommandContext, result: Result): void => {
  print('');
  print(
    table([
      ['killed', result.killed.join(', ')],
      ['sent', String(result.sent)],
      ['accepted', String(result.accepted)],
      ['received', String(result.received)],
      ['lost', String(result.lost)],
      ['shown twice', String(result.shownTwice)],
      ['order kept', result.inOrder ? 'yes' : 'no'],
      ['left on the nodes', String(result.left)],
      ['conflicts', String(result.conflicts)],
      ['plaintext found on disk', String(result.plaintext)],
      ['seconds', result.seconds.toFixed(1)],
    ]),
  );
};

const run = async (context: CommandContext): Promise<number> => {
  const flags = readOptions(
    context.args,
    { messages: { type: 'string' }, json: { type: 'boolean' }, keep: { type: 'boolean' } },
    options,
  );
  const { COUCHDB_URLS } = readEnvironment(environment, context.environment);
  const { signal } = context;
  const narrator = createNarrator(
    flags.json ? { ...context, print: () => undefined, isTerminal: false } : context,
  );
  const dir = mkdtempSync(join(tmpdir(), 'restante-demo-'));
  const people = join(dir, 'people');
  const clusterDir = join(dir, 'cluster');
  mkdirSync(people);
  const marker = newMarker();
  const startedAt = performance.now();
  /** Files and documents in which a message can be read. */
  const readable = new Set<string>();
  try {
    narrator.say(
      COUCHDB_URLS
        ? 'Starting three mailbox nodes on the CouchDB servers of COUCHDB_URLS, a master and the front ...'
        : 'Starting three CouchDB servers, three mailbox nodes, a master and the front ...',
    );
    const { told, left, conflicts } = await (async () => {
      await using shared = new AsyncDisposableStack();
      const databasePrefix = `demo${process.pid}-`;
      for (const url of COUCHDB_URLS ?? []) shared.defer(() => removeFromCouch(url, databasePrefix));
      await using cluster = await startCluster({
        dataDir: clusterDir,
        signal,
        // Alice writes as much as she may be told to, and a little more.
        settings: { mailboxNode: { MAILBOX_SENDER_MESSAGES: String(2 * MOST_MESSAGES) } },
        ...(COUCHDB_URLS && { couchUrls: COUCHDB_URLS, databasePrefix }),
      });
      const scope = { ...SCOPE, databasePrefix: cluster.databasePrefix };
      const searchEveryDocument = async (): Promise<void> => {
        const { databases } = await readHoldings(cluster, scope);
        for (const node of cluster.couchServers) {
          for (const database of databases) {
            for (const id of await searchDocuments(node, database, marker)) {
              readable.add(`${node.name}/${database}/${id}`);
            }
          }
        }
      };
      const story = await tellStory({
        cluster,
        dir: people,
        messages: flags.messages,
        marker,
        narrator,
        signal,
        whileAllWait: searchEveryDocument,
        beforeTheyLeave: async () => {
          narrator.say('Waiting for the mesh to settle ...');
          await settle(cluster, signal);
        },
      });
      const holdings = await settle(cluster, signal);
      return {
        told: story,
        left: holdings.waiting,
        conflicts: await countConflicts(cluster, scope, holdings.databases),
      };
    })();

    narrator.say('The cluster has stopped. Searching its disks for what was written ...');
    for (const file of await searchFiles(clusterDir, marker)) readable.add(file);
    if (!(await checkSearch(join(dir, 'scratch')))) {
      throw new Error(
        'The search does not find a text that was planted: that it finds nothing would mean nothing.',
      );
    }
    const result: Result = {
      ...told,
      lost: told.sent - told.received,
      left,
      conflicts,
      plaintext: readable.size,
      seconds: (performance.now() - startedAt) / 1000,
    };
    if (flags.json) context.print(JSON.stringify(result, null, 2));
    else show(context, result);
    const isRight = [result.lost, result.shownTwice, left, conflicts, readable.size].every(
      (count) => count === 0,
    );
    return isRight ? 0 : 1;
  } finally {
    if (flags.keep) narrator.say(`Data and logs are in ${dir}`);
    else rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  }
};

export const demo: Command = {
  summary: 'two people, 1,000 messages, three kills: what is lost, doubled, left, readable',
  help: `
Usage: npm run demo [-- --messages 1000] [--json] [--keep]

Starts a cluster of its own on free ports. Alice and Bob register with real Signal sessions and talk; Bob leaves; Alice
sends on while a CouchDB, a mailbox node and the master are killed with SIGKILL, each brought back later; Bob comes
back and catches up. Then it counts, and searches all data folders and logs for the texts.

  --messages    how many Alice sends while Bob is away (30 to ${MOST_MESSAGES}, default 1000)
  --json        only the result, as JSON
  --keep        keep data, logs and the two vaults
  COUCHDB_URLS  three CouchDB servers with admin credentials instead of the embedded ones; these are not killed, and
                searched through their documents alone; what the demo makes there it removes at the end

Exit code: 0 when nothing was lost, shown twice, left on the nodes, in conflict or readable; 1 otherwise; 2 bad options.
`,
  run,
};
