import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BlobId } from '@restante/protocol';
import { placeOf, TEST_PACE, TEST_PASSWORD, type Place } from '@restante/testkit/cluster';
import type { Happening } from '../history/line.ts';
import { historyFile } from '../history/write.ts';
import type { ChaosCluster } from './chaos-cluster.ts';
import { createDevice, type ChaosDevice } from './device.ts';
import { followLogs, type ServiceLogs } from '@restante/testkit/cluster';
import type { Stage } from './stage.ts';

/** Somebody in the chaos. An account that is made anew is another account of the same person. */
export type ChaosPerson = {
  readonly username: string;
  readonly accountId: string;
  readonly devices: readonly ChaosDevice[];
};

export type World = AsyncDisposable & {
  readonly cluster: ChaosCluster;
  /** What stands in each text of this run, and nowhere else. */
  readonly marker: string;
  /** When it was made, by this machine's clock. */
  readonly begunAtMs: number;
  /** Since it was made. */
  readonly logs: ServiceLogs;
  /** How far the CouchDBs had come before this run, in their order. */
  readonly places: readonly Place[];
  /** Uploads of nine days ago that this run has made: what their parts are where one node has had them all, or null. */
  readonly uploads: Map<BlobId, readonly string[] | null>;
  /** Accounts that were made in this run. */
  readonly accounts: ReadonlySet<string>;
  readonly people: () => readonly ChaosPerson[];
  /** Of all of them. */
  readonly devices: () => readonly ChaosDevice[];
  /** Those of them that are there for sure. */
  readonly staying: () => readonly ChaosDevice[];
  /** Devices are asked to leave, also such as sign in later: what came of it nobody knows. To be taken back when somebody does. */
  readonly mayLeave: (isAsked: (device: ChaosDevice) => boolean) => () => void;
  readonly note: (happening: Happening) => void;
  readonly historyFiles: () => readonly string[];
  readonly signIn: (person: ChaosPerson) => Promise<void>;
  /** The same by a code that one of the person's devices shows, if it can now. */
  readonly link: (person: ChaosPerson, number: number | undefined) => Promise<void>;
  /** The device is not the person's any more, and ends. */
  readonly drop: (person: ChaosPerson, deviceId: number) => Promise<void>;
  /** All devices of the account end; its person makes a new one, under the same name. */
  readonly makeAnew: (person: ChaosPerson) => Promise<void>;
  /** Things that are done once in a run. */
  readonly isFirst: (what: string) => boolean;
};

/** Numbers from here on are devices that somebody invents; people have lower ones. */
export const FIRST_GHOST = 100;

type Mutable = { username: string; accountId: string; devices: ChaosDevice[]; readonly isInBrowser: boolean };

const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi'];

/**
 * Fresh people on a stage that may have served others. Every second one has two devices, and the other ratchet; the last one's first
 * device is a browser.
 */
export const createWorld = async (
  { cluster, page, deviceEnvironment, onCrash }: Omit<Stage, 'missing' | typeof Symbol.asyncDispose>,
  folder: string,
  count: number,
): Promise<World> => {
  mkdirSync(folder, { recursive: true });
  const begunAtMs = Date.now();
  const logs = await followLogs(cluster.parts.processes);
  const { couchServers, databasePrefix } = cluster.parts;
  const places = await Promise.all(couchServers.map(({ adminUrl }) => placeOf(adminUrl, databasePrefix)));
  const accounts = new Set<string>();
  const marker = `marker${randomBytes(6).toString('hex')}`;
  const files: string[] = [];
  const runnerFile = join(folder, 'runner.jsonl');
  files.push(runnerFile);
  const note = historyFile(runnerFile);
  const watch = onCrash((who, how) => note({ type: 'crashed', who, how }));
  const people: Mutable[] = [];
  const done = new Set<string>();
  const leaving = new Set<(device: ChaosDevice) => boolean>();
  const suffix = randomBytes(4).toString('hex');
  const made = new Map<string, number>();
  let devicesMade = 0;

  const newDevice = async (
    person: Mutable,
    how: 'register' | 'login',
    index: number,
    linkCode?: string,
  ): Promise<void> => {
    const number = (made.get(person.username) ?? 0) + 1;
    made.set(person.username, number);
    const name = `${person.username.split('-')[0] ?? ''}/${number}`;
    const base = join(folder, name.replace('/', '-'));
    const inBrowser = person.isInBrowser && person.devices.length === 0 ? page : null;
    files.push(`${base}.jsonl`);
    const masters = cluster.entrances(devicesMade);
    devicesMade += 1;
    const created = await createDevice(
      {
        device: name,
        vaultFile: `${base}.${inBrowser === null ? 'sqlite' : 'profile'}`,
        historyFile: `${base}.jsonl`,
        masters,
        ratchet: index % 2 === 0 ? 'libsignal' : 'signal',
        enroll: {
          ...{ how, username: person.username, deviceName: name },
          ...(linkCode !== undefined && { linkCode }),
        },
        password: TEST_PASSWORD,
        firstOperation: 0,
        clockShiftMs: 0,
        pace: TEST_PACE,
      },
      { page: inBrowser, environment: deviceEnvironment },
      note,
    );
    if (created === null) return;
    person.accountId = created.accountId;
    accounts.add(created.accountId);
    person.devices.push(created);
  };

  const devices = (): ChaosDevice[] => people.flatMap((person) => person.devices);
  const of = (person: ChaosPerson): Mutable | undefined =>
    people.find(({ username }) => username === person.username);

  for (let index = 0; index < count; index += 1) {
    const person: Mutable = {
      username: `${NAMES[index % NAMES.length] ?? ''}-${suffix}`,
      accountId: '',
      devices: [],
      isInBrowser: index === count - 1,
    };
    people.push(person);
    await newDevice(person, 'register', index);
    if (index % 2 === 1) await newDevice(person, 'login', index + 1);
  }

  return {
    cluster,
    marker,
    begunAtMs,
    logs,
    places,
    uploads: new Map(),
    accounts,
    people: () => people,
    devices,
    staying: () => devices().filter((device) => ![...leaving].some((isAsked) => isAsked(device))),
    mayLeave: (isAsked) => {
      leaving.add(isAsked);
      return () => leaving.delete(isAsked);
    },
    note,
    historyFiles: () => files,
    signIn: async (person) => {
      const known = of(person);
      if (known) await newDevice(known, 'login', known.devices.length);
    },
    link: async (person, number = 0) => {
      const known = of(person);
      const device = known?.devices[number % known.devices.length];
      // One that is not there now shows none.
      const code = await device?.process.ask('linkCode', null).catch(() => null);
      if (known && code) await newDevice(known, 'login', known.devices.length, code);
    },
    drop: async (person, deviceId) => {
      const known = of(person);
      const dropped = known?.devices.find((device) => device.deviceId === deviceId);
      if (known === undefined || dropped === undefined) return;
      known.devices = known.devices.filter((device) => device !== dropped);
      await dropped.retire();
    },
    makeAnew: async (person) => {
      const known = of(person);
      if (known === undefined) return;
      const gone = known.devices;
      known.devices = [];
      await Promise.all(gone.map((device) => device.retire()));
      await newDevice(known, 'register', gone.length);
    },
    isFirst: (what) => !done.has(what) && done.add(what).has(what),
    [Symbol.asyncDispose]: async () => {
      watch[Symbol.dispose]();
      await Promise.all(devices().map(({ process }) => process[Symbol.asyncDispose]()));
    },
  };
};
