import type { AccountId } from '@restante/protocol';
import { accountKeyCode, keyDigitsCode } from '../../account/key-code.ts';
import { deliveryCode } from '../../delivery-on-demand.ts';
import {
  conversationWith,
  createMessenger,
  memoryVault,
  type Messenger,
  type Ratchet,
  type Tables,
  type Vault,
} from '../../index.ts';
import type { MemoryDisk } from '../../vault/memory-vault.ts';
import { dyingVault, type Death } from './dying-vault.ts';
import { failingVault } from './failing-vault.ts';
import { plainRatchet } from './plain-ratchet.ts';
import { ScriptedCluster } from './scripted-cluster.ts';
import { ScriptedNetwork, ScriptedPeer } from './scripted-network.ts';
import { settled, type ScriptedTime } from './scripted-time.ts';
import { Witness } from './witness.ts';

// Code that is fetched on demand is there before time stands still.
await Promise.all([accountKeyCode(), keyDigitsCode(), deliveryCode()]);

const MASTERS = ['http://master-0', 'http://master-1'];
const PASSWORD = 'correct horse battery staple';

/** What is left when only its reader's next reading can end it. */
const WAITS = 'something waits in the mailboxes';

/** Steps and time within which everything comes to rest when nothing hinders it. */
const MAX_STEPS = 20_000;
const MAX_REST_MS = 10 * 60_000;

/** A device whose process can die and be started again on its disk. */
export class ScriptedDevice {
  readonly name: string;
  readonly person: number;
  readonly witness: Witness;
  readonly disk: MemoryDisk;
  readonly #world: ScriptedWorld;
  #arrived = false;
  #running: {
    readonly messenger: Messenger;
    readonly peer: ScriptedPeer;
    readonly dying: ReturnType<typeof dyingVault>;
    readonly failing: ReturnType<typeof failingVault>;
    readonly die: (() => void) | undefined;
  } | null = null;

  constructor(world: ScriptedWorld, name: string, person: number, disk: MemoryDisk) {
    this.#world = world;
    this.name = name;
    this.person = person;
    this.disk = disk;
    this.witness = new Witness(name, () => world.accounts[person] ?? '');
  }

  /** Null: its process is not running. */
  get messenger(): Messenger | null {
    return this.#running?.messenger ?? null;
  }

  get peer(): ScriptedPeer | null {
    return this.#running?.peer ?? null;
  }

  /** Starts its process, and the messenger when the vault has an account. */
  async open(): Promise<void> {
    if (this.#running !== null) return;
    const { time, network, planted } = this.#world;
    const peer = new ScriptedPeer(network, this.name);
    const kept = memoryVault(this.disk);
    const { vault, die } = planted.vault?.(kept, this.disk) ?? { vault: kept };
    const dying = dyingVault(vault);
    const failing = failingVault(dying.vault);
    const messenger = createMessenger({
      ...{ masters: MASTERS, vault: failing.vault, ratchet: this.#world.ratchet },
      ...{ fetch: peer.fetch, WebSocket: peer.WebSocket },
      ...{ now: () => time.now, monotonic: () => time.now },
      random: (bytes) => bytes.map(() => Math.floor(time.random() * 256)),
    });
    this.witness.follow(messenger);
    this.#running = { messenger, peer, dying, failing, die };
    if (this.disk.get('self')?.size) void messenger.start().catch(() => undefined);
    await settled();
  }

  /** Its process dies at once, or around one of its next commits. `arrived`: what it has sent by then arrives. */
  async die(death: Death | 'now', arrived: boolean): Promise<void> {
    this.#arrived = arrived;
    if (death === 'now') this.#running?.dying.dieNow();
    else this.#running?.dying.dieAt(death);
    await this.bury();
  }

  /** Ends what a process that has died has left. */
  async bury(): Promise<void> {
    const running = this.#running;
    if (running === null || !running.dying.isDead()) return;
    this.#running = null;
    this.witness.unfollow();
    running.die?.();
    running.peer.kill(this.#arrived);
    void running.messenger[Symbol.asyncDispose]().catch(() => undefined);
    await settled();
  }

  /** Its vault fails for so many operations. */
  failVault(operations: number): void {
    this.#running?.failing.failFrom(1, operations);
  }

  mend(): void {
    this.#running?.failing.mend();
    this.#running?.dying.dieAt({ at: Infinity, when: 'before' });
    if (this.peer) this.peer.isStalled = false;
  }

  rows<T extends keyof Tables>(table: T): Tables[T][] {
    return [...(this.disk.get(table)?.values() ?? [])] as Tables[T][];
  }
}

/** What a world is begun from: everybody is registered, and nothing is on its way. */
export type Beginning = {
  readonly registered: ScriptedCluster['devices'];
  readonly usernames: ScriptedCluster['accounts'];
  readonly lists: ScriptedCluster['lists'];
  readonly accounts: readonly AccountId[];
  readonly devices: readonly { readonly name: string; readonly person: number; readonly disk: MemoryDisk }[];
  readonly now: number;
};

/** A fault that a test plants, so that it is seen to be found. */
export type Planted = {
  /** Another vault over a disk; `die`: what becomes of the disk when the process dies. */
  readonly vault?: (vault: Vault, disk: MemoryDisk) => { readonly vault: Vault; readonly die?: () => void };
  /** Of masters, about what they have asked of nodes. */
  readonly carry?: (carry: ScriptedCluster['carry']) => ScriptedCluster['carry'];
};

export const copyOf = (disk: MemoryDisk): MemoryDisk =>
  new Map([...disk].map(([table, rows]) => [table, new Map(rows)]));

/** People with devices around a scripted cluster, in one process and in scripted time. */
export class ScriptedWorld {
  readonly time: ScriptedTime;
  readonly cluster = new ScriptedCluster();
  readonly network = new ScriptedNetwork(this.cluster);
  readonly accounts: AccountId[] = [];
  readonly devices: ScriptedDevice[] = [];
  readonly ratchet: Ratchet;

  readonly planted: Planted;

  private constructor(time: ScriptedTime, planted: Planted = {}) {
    this.time = time;
    this.planted = planted;
    if (planted.carry) this.cluster.carry = planted.carry(this.cluster.carry);
    this.ratchet = plainRatchet(
      () => time.random().toString(36).slice(2, 14) + time.random().toString(36).slice(2, 14),
    );
  }

  /** @param people how many devices each person has. `acquainted`: they have written to each other. */
  static async prepare(
    time: ScriptedTime,
    people: readonly number[],
    acquainted: boolean,
  ): Promise<Beginning> {
    const world = new ScriptedWorld(time);
    for (const [person, count] of people.entries())
      for (let number = 1; number <= count; number += 1) {
        const device = new ScriptedDevice(world, `${'abc'[person] ?? '?'}${number}`, person, new Map());
        world.devices.push(device);
        await device.open();
        const { messenger } = device;
        const account = { username: `person-${person}`, password: PASSWORD, deviceName: device.name };
        world.cluster.nextAccountId = `${person + 1}0000000-0000-4000-8000-000000000000`;
        await world.run(number === 1 ? messenger?.register(account) : messenger?.login(account));
        world.accounts[person] = (await messenger?.self())?.accountId ?? '';
        void messenger?.start();
        await world.rest();
        const first = world.devices.find((each) => each.person === person)?.messenger;
        for (const waiting of (await first?.waitingDevices()) ?? []) {
          await world.run(first?.letDeviceIn(waiting));
          await world.rest();
        }
      }
    if (acquainted)
      for (const { person, messenger } of world.devices)
        for (const [other, account] of world.accounts.entries())
          if (other !== person) {
            await messenger?.sendText(conversationWith(account), 'hello');
            await world.rest();
          }
    const beginning = {
      registered: world.cluster.devices,
      usernames: world.cluster.accounts,
      lists: world.cluster.lists,
      accounts: world.accounts,
      devices: world.devices.map(({ name, person, disk }) => ({ name, person, disk })),
      now: time.now,
    };
    await world.close();
    return beginning;
  }

  /** A world of its own that goes on from there, with everybody connected. */
  static async begin(time: ScriptedTime, beginning: Beginning, planted?: Planted): Promise<ScriptedWorld> {
    const world = new ScriptedWorld(time, planted);
    world.accounts.push(...beginning.accounts);
    for (const [username, account] of beginning.usernames) world.cluster.accounts.set(username, account);
    for (const [account, list] of beginning.lists) world.cluster.lists.set(account, list);
    for (const device of beginning.registered) {
      const { preKeys, kyberPreKeys } = device.keys;
      const keys = { ...device.keys, preKeys: [...preKeys], kyberPreKeys: [...kyberPreKeys] };
      world.cluster.devices.push({ ...device, keys });
    }
    for (const { name, person, disk } of beginning.devices)
      world.devices.push(new ScriptedDevice(world, name, person, copyOf(disk)));
    await world.rest();
    return world;
  }

  /** Lets one thing on the network happen, and what follows of it. False: nothing is on its way. */
  async step(...[choice, fate]: Parameters<ScriptedNetwork['pass']>): Promise<boolean> {
    if (!this.network.pass(choice, fate)) return false;
    await this.settle();
    return true;
  }

  /** What follows by itself; who has died by it is buried. */
  async settle(): Promise<void> {
    await settled();
    for (const device of this.devices) await device.bury();
  }

  /** Runs the network until something is done. */
  async run<R>(work: Promise<R> | undefined): Promise<void> {
    let done = false;
    const ended = Promise.resolve(work).finally(() => (done = true));
    ended.catch(() => undefined);
    await settled();
    while (!done) if (!(await this.step(0, 'whole'))) await this.time.advanceToNext();
    await ended;
  }

  /** The nodes take over from each other what they lack. */
  mesh(): void {
    for (const node of this.cluster.nodes)
      for (const other of this.cluster.nodes)
        if (other !== node && !node.down && !other.down) node.pull(other);
  }

  /** Whether a node's disk may be lost without anything being lost. */
  mayLose(number: number): boolean {
    const { nodes } = this.cluster;
    const [lost, others] = [nodes[number], nodes.filter((_, index) => index !== number)];
    const has = (mailbox: string, id: string): boolean =>
      others.some(({ mailboxes }) => mailboxes.get(mailbox)?.has(id));
    return (
      nodes.every(({ awaits }) => awaits.size === 0) &&
      [...(lost?.mailboxes ?? [])].every(([mailbox, box]) => [...box.keys()].every((id) => has(mailbox, id)))
    );
  }

  /** Why it is not at rest; null: it is. */
  unrest(): string | null {
    for (const device of this.devices) {
      const state = device.messenger?.connection().name;
      if (state !== 'live') return `${device.name} is ${state}`;
      if (device.rows('outbox').length > 0) return `${device.name} has something in its outbox`;
      // What is held waits for a person to let its sender in.
      if (device.rows('pendingDeletes').some(({ held, deleted }) => !held || !deleted))
        return `${device.name} has not deleted what it has kept`;
      if (device.rows('owedDeletes').length > 0) return `${device.name} owes a node deletions`;
    }
    return this.cluster.waiting() > 0 ? WAITS : null;
  }

  /**
   * Makes everything whole and runs until nothing is left to do; in half of all worlds people ask for their mail while it is on its way.
   * Answers what is left if it does not end. What a node that had lost its disk
   * got from one that had not deleted it yet waits there until its reader's next reading.
   */
  async rest(): Promise<string | null> {
    const { network, cluster, time } = this;
    network.mastersDown.clear();
    for (const node of cluster.nodes) node.down = false;
    for (const device of this.devices) {
      device.mend();
      await device.open();
    }
    if (time.random() < 0.5) this.refresh();
    const end = time.now + MAX_REST_MS;
    let areRead = false;
    for (let step = 0; step < MAX_STEPS && time.now < end; step += 1) {
      if (await this.step(0, 'whole')) continue;
      this.mesh();
      if (await this.step(0, 'whole')) continue;
      const unrest = this.unrest();
      if (unrest === null) return null;
      if (unrest === WAITS && !areRead) {
        this.refresh();
        areRead = true;
      }
      await time.advanceToNext();
      await this.settle();
    }
    return this.unrest() ?? 'it never rests';
  }

  /** Everybody asks for their mail again. */
  refresh(): void {
    for (const { messenger } of this.devices) messenger?.refresh();
  }

  async close(): Promise<void> {
    for (const device of this.devices) await device.die('now', false);
  }
}
