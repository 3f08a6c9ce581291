import { randomBytes } from 'node:crypto';
import {
  buckets,
  directoryDatabase,
  LIMITS,
  mintBlobId,
  rendezvous,
  VERSIONS,
  type WorkDone,
} from '@restante/protocol';
import { createTokenSigner, type TokenSigner } from '@restante/service-kit';
import { environment as masterVariables } from '@restante/master-node';
import { environment as mailboxNodeVariables } from '@restante/mailbox-node';
import { ensureSecrets, howItEnded } from '@restante/scripts/cluster';
import { askCouch, waitFor } from '@restante/testkit';
import { startTestCluster, TEST_PASSWORD, type Person, type TestCluster } from '@restante/testkit/cluster';
import type { World } from '../inputs/world.ts';
import { endpointsIn, protocolPage } from '../surface/endpoints.ts';
import { framesOf, type Frame } from '../surface/frames.ts';
import type { JsonObject } from '../values/json.ts';
import { shapeOf } from '../values/shape.ts';
import { FUZZED_BLOB_BYTES, type Device } from './device.ts';
import { doWork } from './registration-work.ts';

/** A cluster of real processes, the devices that inputs speak for, and two people who only want to talk. */
export type Stage = AsyncDisposable & {
  readonly cluster: TestCluster;
  readonly signer: TokenSigner;
  /** The world as it is now. Accounts that have ended have been replaced. */
  readonly world: () => Promise<World>;
  readonly frames: readonly Frame[];
  /** Each sends the other a text, and sees the one that was sent. */
  readonly talk: () => Promise<void>;
  /** Waits until it is known of each service whether it is there. */
  readonly settled: () => Promise<void>;
  /** Told of services that end though nobody has asked them to. */
  readonly onCrash: (tell: (who: string, how: string) => void) => void;
};

/** An input that speaks on the connection of a device waits for the one before it there. */
const DEVICES = 24;
const DAY_MS = 24 * 3_600_000;
const NO_LIMIT = '1000000';
const MAX_DOCUMENTS = 500;
/** That can be made between one look at the world and the next. */
const ACCOUNTS = 8;
/** Accounts of which there are copies with other names. */
const COPIED = 4;

/** Rates would answer 429 before the code behind them is reached. */
const withoutRates = (variables: object): Record<string, string> =>
  Object.fromEntries(
    Object.keys(variables).flatMap((name) =>
      /_PER_(MINUTE|HOUR|DAY)$/.test(name) ? [[name, NO_LIMIT]] : [],
    ),
  );

const SETTINGS = {
  master: { ...withoutRates(masterVariables.shape), LOG_LEVEL: 'info' },
  mailboxNode: {
    ...withoutRates(mailboxNodeVariables.shape),
    // As short as an answer may take.
    MESH_PATIENCE_MS: '50',
    LOG_LEVEL: 'info',
  },
};

type Rows = { readonly rows?: readonly { readonly id: string; readonly doc?: JsonObject }[] };

/** Sound documents of a database: those that are changed are copies. */
const documentsOf = async (couchUrl: string, database: string, range: string): Promise<JsonObject[]> => {
  const path = `${encodeURIComponent(database)}/_all_docs?include_docs=true&limit=${MAX_DOCUMENTS}${range}`;
  const { rows = [] } = (await askCouch(couchUrl, path)).body as Rows;
  return rows.flatMap(({ doc }) => (doc === undefined ? [] : [doc]));
};

const rangeOf = (start: string, end: string): string =>
  `&startkey=${encodeURIComponent(JSON.stringify(start))}&endkey=${encodeURIComponent(JSON.stringify(end))}`;

const openRendezvous = async (masterUrl: string): Promise<string> =>
  rendezvous.parse(await (await fetch(`${masterUrl}/api/rendezvous`, { method: 'POST' })).json()).id;

export const startStage = async (): Promise<Stage> => {
  const cleanup = new AsyncDisposableStack();
  try {
    let tell: (who: string, how: string) => void = () => undefined;
    const cluster = cleanup.use(
      await startTestCluster({
        settings: SETTINGS,
        onEvent: (event) => {
          if (event.type === 'exited' && !event.expected)
            tell(event.process.name, `${howItEnded(event.exit)} ${event.exit.cause}`);
        },
      }),
    );
    const { parts } = cluster;
    const signer = createTokenSigner(ensureSecrets(cluster.dataDir).tokenPrivateKey);
    const [alice, bob] = await Promise.all([cluster.person('alice'), cluster.person('bob')]);
    await Promise.all([alice.enterLive(), bob.enterLive()]);

    const deviceOf = async (person: Person): Promise<Device> => {
      const { accountId, deviceId } = person.address;
      const sign = (audience: 'master' | 'mailbox', inMs: number): Promise<string> =>
        signer.device(person.address, audience, Date.now() + inMs);
      const blob = mintBlobId(Date.now(), randomBytes(10));
      const ticket = (bytes: number | null): Promise<string> =>
        signer.blob({ blob, bytes }, Date.now() + DAY_MS);
      const identityKey = randomBytes(33).toString('base64');
      return {
        accountId,
        deviceId,
        username: person.username,
        registrationId: await person.registrationId(),
        deviceSecret: await person.deviceSecret(),
        blobId: blob,
        rendezvousId: await openRendezvous(parts.masters[0]?.url ?? ''),
        identityKey,
        tokens: {
          master: await sign('master', DAY_MS),
          mailbox: await sign('mailbox', DAY_MS),
          store: await signer.master(Date.now() + DAY_MS),
          toWrite: await ticket(FUZZED_BLOB_BYTES),
          toRead: await ticket(null),
          grant: await signer.grant({ by: person.address, identityKey, generation: 0 }, Date.now() + DAY_MS),
          expiredMaster: await sign('master', -DAY_MS),
          expiredMailbox: await sign('mailbox', -DAY_MS),
          nobody: await signer.device(
            { accountId: crypto.randomUUID(), deviceId: 1 },
            'master',
            Date.now() + DAY_MS,
          ),
        },
      };
    };
    const newDevice = async (): Promise<Device> => {
      const person = await cluster.person('fuzz');
      await person.leave();
      return deviceOf(person);
    };
    let devices: Device[] = [];
    /** Accounts end, and passwords are changed. */
    const isThere = async ({ tokens }: Device): Promise<boolean> => {
      const headers = { authorization: `Bearer ${tokens.master}` };
      const answer = await fetch(`${parts.masters[0]?.url ?? ''}/api/keys`, { headers });
      await answer.body?.cancel();
      return answer.status !== 401;
    };
    const refill = async (): Promise<void> => {
      const there = await Promise.all(devices.map(isThere));
      devices = devices.filter((_, index) => there[index]);
      while (devices.length < DEVICES) devices = [...devices, await newDevice()];
    };

    const prefix = parts.databasePrefix;
    const couches = parts.couchServers.map(({ adminUrl }) => adminUrl);
    const [firstCouch = ''] = couches;
    const page = protocolPage();
    const urls = (processes: readonly { readonly url: string }[]): string[] =>
      processes.map(({ url }) => url);
    const gates = parts.couchServers.map(({ name, readerUrl, meshUrl }) => {
      const of = (url: string): string => {
        const { username, password } = new URL(url);
        return `${username}:${password}`;
      };
      return { name, url: new URL(readerUrl).origin, reader: of(readerUrl), mesh: of(meshUrl) };
    });
    const bodies = Object.fromEntries(
      Object.entries(VERSIONS[0].bodies.read).map(([name, schema]) => [name, shapeOf(schema)]),
    );
    const fixed = {
      masters: urls(parts.masters),
      mailboxNodes: urls(parts.mailboxNodes),
      gates,
      others: urls([parts.front, ...parts.couches]),
      endpoints: endpointsIn(page),
      frames: framesOf(page),
      bodies,
      couches,
      password: TEST_PASSWORD,
    };
    /** All documents of an account that lives. */
    const documentsOfAccount = async ({ accountId, username }: Device): Promise<JsonObject[]> => {
      const directory = directoryDatabase(prefix);
      const ranges = ['account', 'device', 'keys'].map((kind) =>
        rangeOf(`${kind}:${accountId}`, `${kind}:${accountId};`),
      );
      const found = await Promise.all(
        [...ranges, rangeOf(`username:${username}`, `username:${username}`)].map((range) =>
          documentsOf(firstCouch, directory, range),
        ),
      );
      return found.flat();
    };
    const newWork = (): Promise<WorkDone> =>
      doWork(fixed.masters[0] ?? '', shapeOf(VERSIONS[0].bodies.read.newAccount));
    let texts = 0;
    return {
      cluster,
      signer,
      world: async () => {
        await refill();
        const bucket = prefix + buckets(10, LIMITS.messageTtlMs).nameAt(Date.now());
        const accounts = await Promise.all(
          devices
            .slice(0, COPIED)
            .map(async (device) => ({ device, documents: await documentsOfAccount(device) })),
        );
        return {
          ...fixed,
          devices,
          databases: { directory: directoryDatabase(prefix), bucket },
          accounts,
          canaries: await documentsOf(firstCouch, bucket, rangeOf('canary:', 'canary;')),
          work: await Promise.all(Array.from({ length: ACCOUNTS }, newWork)),
        };
      },
      frames: fixed.frames,
      settled: async () => {
        await Promise.all(
          parts.processes.map((process) =>
            fetch(process.url).catch(() =>
              waitFor(`the end of ${process.name}`, () => process.state !== 'ready'),
            ),
          ),
        );
      },
      talk: async () => {
        texts += 1;
        const [there, back] = [`there ${texts}`, `back ${texts}`];
        await alice.sendAccepted(bob, there);
        await bob.seesLast(alice, there);
        await bob.sendAccepted(alice, back);
        await alice.seesLast(bob, back);
      },
      onCrash: (listener) => {
        tell = listener;
      },
      [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
    };
  } catch (error) {
    await cleanup.disposeAsync();
    throw error;
  }
};
