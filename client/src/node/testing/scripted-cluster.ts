import {
  changePassword,
  deleteRequest,
  deriveMessageId,
  deviceKey,
  ERRORS,
  messageTime,
  mintRendezvousId,
  newDevice,
  newDeviceGrant,
  PROTOCOL_VERSION,
  putDeviceList,
  RENDEZVOUS_MS,
  replaceAccountKey,
  replenishKeys,
  sealedMessage,
  subprotocol,
  tokenFromSubprotocols,
  tokenRequest,
  upstream,
  type Acknowledge,
  type DeviceAddress,
  type DeviceKeys,
  type DeviceMismatch,
  type Downstream,
  type Envelope,
  type ErrorCode,
  type KeyBundle,
  type Send,
  type SignedDeviceList,
} from '@restante/protocol';
import { ScriptedNode, type ScriptedListener } from './scripted-node.ts';

/**
 * A small peer that speaks the protocol and does what a test tells it: masters with one directory between them, and three
 * mailbox nodes. It checks little; the real servers are tested elsewhere. How it is reached is for others: by
 * {@link ScriptedServer} over real HTTP and WebSocket, by `ScriptedNetwork` within the process. What it promises to its
 * clients is in `cluster.contract.ts`, which the real cluster keeps too.
 */

const TTL_MS = 30 * 24 * 60 * 60 * 1000;

export type Registered = { accountId: string; deviceId: number; username: string; keys: DeviceKeys };
export type Answer = { readonly status: number; readonly json: unknown };

/** A request to a master (`/api/...`) or to a node (`/nodes/<number>/...`). */
export type ScriptedRequest = {
  readonly method: string;
  readonly url: URL;
  readonly token: string;
  readonly body: unknown;
};

/** The server's end of a connection with a device. */
export type ScriptedSocket = {
  readonly send: (text: string) => void;
  readonly close: (code?: number) => void;
};

/** Carries a request of a master to a node: `arrive` does the work if the node is there, `answered` is told whether it did. */
export type Carry = (node: number, arrive: () => boolean, answered: (done: boolean) => void) => void;

/** Devices that a message is for, and those of them that have connected since it was pushed. */
type PushWindow = { readonly for: ReadonlySet<string>; readonly connected: Set<string> };

/** Copies after which a message is accepted at once. */
const WRITE_CONCERN = 2;

const fail = (status: number, code: ErrorCode): Answer => ({ status, json: { code, message: code } });

export class ScriptedCluster {
  readonly nodes: readonly ScriptedNode[] = [0, 1, 2].map(() => new ScriptedNode());
  readonly sockets = new Map<string, ScriptedSocket>();
  readonly devices: Registered[] = [];
  readonly sends: Send[] = [];
  /** After which a connection is taken for dead, of those that begin from now on. */
  silenceMs = 30_000;
  readonly acknowledges: Acknowledge[] = [];
  keyFetches = 0;
  /** How often fresh tokens were asked for. */
  tokenRequests = 0;
  /** Accounts whose keys were asked for. */
  readonly keyQuestions: string[] = [];
  /** Usernames that were asked for. */
  readonly lookUps: string[] = [];
  masterDown = false;
  /** Uploads of keys are answered with `unavailable`. */
  keyUploadsFail = false;
  nextAccountId: string | null = null;
  /** Questions for the own devices, and for their keys, are answered with `unavailable`. */
  ownDevicesFail = false;
  /** So many more questions for keys are answered with `not-found`. */
  hiddenKeys = 0;
  /** Accounts by username. */
  readonly accounts = new Map<string, string>();
  /** The newest device list of each account. */
  readonly lists = new Map<string, SignedDeviceList>();
  /** What is said of an account's list, whatever it is. */
  tellList: (accountId: string) => SignedDeviceList | null = (accountId) => this.lists.get(accountId) ?? null;
  /** Accounts that there is a record of that they have ended. */
  readonly removedAccounts = new Set<string>();
  /** Devices (`<accountId>:<deviceId>`) that the master does not answer. */
  readonly blocked = new Set<string>();
  /** What becomes of an envelope on its way to a mailbox. */
  corrupt: (mailbox: DeviceAddress, envelope: Envelope) => Envelope = (_, envelope) => envelope;
  /** Added to this machine's clock. */
  clockOffsetMs = 0;
  pageLimit = 500;
  /** Asked before a frame is handled; true: it was handled by the test. */
  intercept: (frame: ReturnType<typeof upstream.parse>, reply: (frame: Downstream) => void) => boolean = () =>
    false;
  /** Between masters and nodes: at once, unless a test has it otherwise. */
  carry: Carry = (_, arrive, answered) => answered(arrive());
  /** Messages by their slots. */
  readonly rendezvous = new Map<string, Map<string, string>>();
  readonly #grants = new Map<string, { identityKey: string; username: string; isUsed: boolean }>();
  readonly #pushWindows = new Set<PushWindow>();

  now(): number {
    return Date.now() + this.clockOffsetMs;
  }

  /** Envelopes waiting anywhere. */
  waiting(): number {
    return new Set(
      this.nodes.flatMap(({ mailboxes }) => [...mailboxes.values()].flatMap((box) => [...box.keys()])),
    ).size;
  }

  /** Another device of an account has signed a list. */
  publish(list: SignedDeviceList): void {
    this.lists.set(list.accountId, list);
    this.#tellDevices(list.accountId);
  }

  /** The account has ended: its devices are gone, and there is a record of it. */
  endAccount(accountId: string): void {
    this.#end({ accountId }, () => true);
    this.removedAccounts.add(accountId);
  }

  dropSockets(code = 1001): void {
    for (const socket of this.sockets.values()) socket.close(code);
    this.sockets.clear();
  }

  push(accountId: string, deviceId: number, frame: Downstream): void {
    this.sockets.get(deviceKey({ accountId, deviceId }))?.send(JSON.stringify(frame));
  }

  /** Puts an envelope on the nodes that are up, whatever was there before. */
  store(accountId: string, deviceId: number, envelope: Envelope): number {
    const up = this.nodes.filter(({ down }) => !down);
    for (const node of up) node.put(deviceKey({ accountId, deviceId }), envelope);
    return up.length;
  }

  /** Pushes an envelope to a device, and stores it; answers with the number of copies. */
  deliver(
    sender: string,
    senderDevice: number,
    mailbox: DeviceAddress,
    clientId: string,
    sealed: Pick<Envelope, 'type' | 'payload'>,
  ): number {
    const envelope = this.#envelope(sender, senderDevice, mailbox, clientId, sealed);
    this.push(mailbox.accountId, mailbox.deviceId, { type: 'envelope', envelope });
    return this.store(mailbox.accountId, mailbox.deviceId, envelope);
  }

  /** The device that offers these subprotocols, if it may connect. */
  admit(offered: readonly string[]): Registered | null {
    const known = this.#callerOf(tokenFromSubprotocols([...offered]) ?? '');
    const mayConnect = known && !this.masterDown && !this.blocked.has(deviceKey(known));
    return mayConnect && offered.includes(subprotocol(PROTOCOL_VERSION)) ? known : null;
  }

  /** A device has connected. Answers with what hears its frames, as texts. */
  connect(socket: ScriptedSocket, { accountId, deviceId }: Registered): (text: string) => void {
    const key = deviceKey({ accountId, deviceId });
    this.sockets.get(key)?.close(4409);
    this.sockets.set(key, socket);
    for (const window of this.#pushWindows) if (window.for.has(key)) window.connected.add(key);
    const reply = (frame: Downstream): void => socket.send(JSON.stringify(frame));
    reply({
      ...{ type: 'welcome', protocolVersion: PROTOCOL_VERSION, accountId, deviceId, serverTime: this.now() },
      limits: { payloadBytes: 98304, frameBytes: 1048576, messageTtlMs: TTL_MS, silenceMs: this.silenceMs },
    });
    return (text) => {
      const frame = upstream.parse(JSON.parse(text));
      if (frame.type === 'send') this.sends.push(frame);
      if (frame.type === 'acknowledge') this.acknowledges.push(frame);
      if (this.intercept(frame, reply)) return;
      if (frame.type === 'ping') reply({ type: 'pong', serverTime: this.now() });
      if (frame.type === 'send') this.#send(accountId, deviceId, frame, reply);
      if (frame.type === 'acknowledge') this.#acknowledge(accountId, deviceId, frame, reply);
    };
  }

  /** A connection has ended. */
  disconnect(socket: ScriptedSocket): void {
    for (const [key, each] of this.sockets) if (each === socket) this.sockets.delete(key);
  }

  /** The answer to a request; null: there is nobody who answers. */
  answer({ method, url, token, body }: ScriptedRequest): Answer | null {
    const [root, ...path] = url.pathname.slice(1).split('/');
    const caller = this.#callerOf(token);
    if (root === 'api') {
      if (this.masterDown || this.#isBlocked(caller, body)) return null;
      return this.#api(method, path, url.searchParams, caller, body);
    }
    const node = this.nodes[Number(path[0])];
    if (!node || node.down) return null;
    if (!caller || node.refusing !== null) {
      const code = node.refusing ?? 'unauthorized';
      return fail(ERRORS[code].status, code);
    }
    const mailbox = deviceKey(caller);
    if (path[2] === 'delete') {
      const { ids } = deleteRequest.parse(body);
      return { status: 200, json: { deleted: node.delete(mailbox, ids) } };
    }
    return this.#page(node, mailbox, url.searchParams, path[3] === 'ids');
  }

  /** What the request for a stream of events is answered with: an error, nobody, or what begins it. */
  listen({ url, token }: ScriptedRequest): Answer | null | ((tell: ScriptedListener) => () => void) {
    const node = this.nodes[Number(url.pathname.split('/')[2])];
    const caller = this.#callerOf(token);
    if (!node || node.down) return null;
    if (!caller) return fail(401, 'unauthorized');
    if (node.refusing !== null) return fail(ERRORS[node.refusing].status, node.refusing);
    return (tell) => node.listen(deviceKey(caller), tell);
  }

  #callerOf(token: string): Registered | undefined {
    const [accountId, device] = token.split('.');
    return this.devices.find((each) => each.accountId === accountId && String(each.deviceId) === device);
  }

  #envelope(
    senderId: string,
    senderDeviceId: number,
    { accountId, deviceId }: DeviceAddress,
    clientId: string,
    { type, payload }: Pick<Envelope, 'type' | 'payload'>,
  ): Envelope {
    const id = deriveMessageId({ accountId: senderId, deviceId: senderDeviceId }, clientId);
    const sentAt = messageTime(clientId);
    const intact = { id, senderId, senderDeviceId, sentAt, expiresAt: sentAt + TTL_MS, type, payload };
    return this.corrupt({ accountId, deviceId }, intact);
  }

  /** Devices on the list of an account, with the keys that are named there. */
  #listed(accountId: string): Registered[] {
    const list = this.tellList(accountId)?.devices ?? [];
    return this.devices.filter(
      (each) =>
        each.accountId === accountId &&
        list.some(
          ({ deviceId, identityKey }) => deviceId === each.deviceId && identityKey === each.keys.identityKey,
        ),
    );
  }

  /** Also of an account without devices, unless it has ended or has another name. */
  #accountOf(username: string): string | undefined {
    const device = this.devices.find((each) => each.username === username);
    if (device) return device.accountId;
    const account = this.accounts.get(username);
    const isElsewhere = this.devices.some(({ accountId }) => accountId === account);
    return account === undefined || isElsewhere || this.removedAccounts.has(account) ? undefined : account;
  }

  #tellDevices(accountId: string): void {
    for (const each of this.devices)
      if (each.accountId === accountId) this.push(accountId, each.deviceId, { type: 'devices' });
  }

  #putList(caller: Registered, list: SignedDeviceList, isSameKey: boolean): Answer {
    const before = this.lists.get(caller.accountId);
    const follows = list.generation > (before?.generation ?? 0);
    const hasSameKey = before === undefined || before.accountKey === list.accountKey;
    if (before?.signature !== list.signature) {
      if (!follows || hasSameKey !== isSameKey) return fail(409, 'device-list-conflict');
      this.lists.set(caller.accountId, list);
      this.#tellDevices(caller.accountId);
    }
    return { status: 204, json: undefined };
  }

  #mismatches(sender: string, senderDevice: number, { recipients }: Send): DeviceMismatch[] {
    return recipients.flatMap(({ accountId, envelopes }) => {
      const wanted = this.#listed(accountId).filter(
        (each) => !(accountId === sender && each.deviceId === senderDevice),
      );
      const sent = new Map(envelopes.map(({ deviceId, registrationId }) => [deviceId, registrationId]));
      const ids = wanted.map(({ deviceId }) => deviceId);
      const missing = ids.filter((id) => !sent.has(id));
      const extra = [...sent.keys()].filter((id) => !ids.includes(id));
      const stale = wanted
        .filter(({ deviceId, keys }) => sent.has(deviceId) && sent.get(deviceId) !== keys.registrationId)
        .map(({ deviceId }) => deviceId);
      return missing.length + extra.length + stale.length === 0 ? [] : [{ accountId, missing, extra, stale }];
    });
  }

  #send(senderId: string, senderDeviceId: number, frame: Send, reply: (frame: Downstream) => void): void {
    const refuse = (code: ErrorCode, mismatches?: DeviceMismatch[]): void =>
      reply({
        type: 'refused',
        id: frame.id,
        error: { code, message: code, ...(mismatches && { mismatches }) },
      });
    const sentAt = messageTime(frame.id);
    if (sentAt > this.now() + 600_000) {
      refuse('clock-skew');
      return;
    }
    const mismatches = this.#mismatches(senderId, senderDeviceId, frame);
    if (mismatches.length > 0) {
      refuse('devices-changed', mismatches);
      return;
    }
    const posts = frame.recipients.flatMap(({ accountId, envelopes }) =>
      envelopes.map((sealed) => {
        const to = { accountId, deviceId: sealed.deviceId };
        return { to, envelope: this.#envelope(senderId, senderDeviceId, to, frame.id, sealed) };
      }),
    );
    const push = ({ to, envelope }: (typeof posts)[number]): void =>
      this.push(to.accountId, to.deviceId, { type: 'envelope', envelope });
    const window: PushWindow = { for: new Set(posts.map(({ to }) => deviceKey(to))), connected: new Set() };
    this.#pushWindows.add(window);
    posts.forEach(push);
    const messageId = deriveMessageId({ accountId: senderId, deviceId: senderDeviceId }, frame.id);
    this.#tellNodes(
      (node) => posts.forEach(({ to, envelope }) => node.store(deviceKey(to), envelope)),
      (copies, pending) => {
        if (!this.#pushWindows.has(window) || (copies < WRITE_CONCERN && pending > 0)) return;
        this.#pushWindows.delete(window);
        if (copies === 0) refuse('unavailable');
        else reply({ type: 'accepted', id: frame.id, messageId, copies });
        for (const post of posts) if (window.connected.has(deviceKey(post.to))) push(post);
      },
    );
  }

  /** Has every node do something. `heard`: how many have, and how many have not answered, after each answer. */
  #tellNodes(work: (node: ScriptedNode) => void, heard: (done: number, pending: number) => void): void {
    let [done, pending] = [0, this.nodes.length];
    this.nodes.forEach((node, index) => {
      const arrive = (): boolean => {
        if (!node.down) work(node);
        return !node.down;
      };
      this.carry(index, arrive, (answer) => {
        if (answer) done += 1;
        pending -= 1;
        heard(done, pending);
      });
    });
  }

  #acknowledge(
    accountId: string,
    deviceId: number,
    frame: Acknowledge,
    reply: (frame: Downstream) => void,
  ): void {
    const ids = frame.messages.map(({ id }) => id);
    if (frame.receipts)
      for (const { id, senderId, senderDeviceId } of frame.messages)
        this.push(senderId, senderDeviceId, { type: 'receipt', accountId, deviceId, ids: [id] });
    this.#tellNodes(
      (node) => node.delete(deviceKey({ accountId, deviceId }), ids),
      (copies, pending) => {
        if (pending === 0) reply({ type: 'acknowledged', ids, copies });
      },
    );
  }

  #session({ accountId, deviceId, username }: Registered) {
    const token = `${accountId}.${deviceId}`;
    const expiresAt = this.now() + 3_600_000;
    return {
      ...{ accountId, deviceId, username, serverTime: this.now(), writeConcern: WRITE_CONCERN },
      ...{ masterToken: token, masterTokenExpiresAt: expiresAt },
      ...{ mailboxToken: token, mailboxTokenExpiresAt: expiresAt },
      mailboxNodes: ['/nodes/0', '/nodes/1', '/nodes/2'],
      accessKey: accountId.replaceAll('-', '').padEnd(43, 'A'),
    };
  }

  #enroll(body: unknown, fresh: boolean): Answer {
    const asked = newDevice.parse(body);
    const { device } = asked;
    const granted = 'grant' in asked ? this.#grants.get(asked.grant) : undefined;
    if ('grant' in asked && granted?.identityKey !== device.keys.identityKey)
      return fail(401, 'unauthorized');
    if (granted?.isUsed === true) return fail(409, 'grant-used');
    if (granted !== undefined) granted.isUsed = true;
    const username = 'grant' in asked ? (granted?.username ?? '') : asked.username;
    const others = this.devices.filter((each) => each.username === username);
    const known = this.#accountOf(username);
    if (fresh && known !== undefined) return fail(409, 'username-taken');
    if (!fresh && known === undefined) return fail(401, 'unauthorized');
    const deviceId = 1 + Math.max(0, ...others.map((each) => each.deviceId));
    const registered = {
      accountId: known ?? this.nextAccountId ?? crypto.randomUUID(),
      deviceId,
      username,
      keys: device.keys,
    };
    this.devices.push(registered);
    this.accounts.set(username, registered.accountId);
    for (const each of others) this.push(each.accountId, each.deviceId, { type: 'devices' });
    return { status: 201, json: { ...this.#session(registered), deviceSecret: 'x'.repeat(43) } };
  }

  #bundle({ deviceId, keys }: Registered): KeyBundle {
    this.keyFetches += 1;
    const preKey = keys.preKeys.shift();
    const { registrationId, identityKey, signedPreKey } = keys;
    const kyberPreKey = keys.kyberPreKeys.shift() ?? keys.lastResortKyberPreKey;
    return { deviceId, registrationId, identityKey, signedPreKey, kyberPreKey, ...(preKey && { preKey }) };
  }

  #api(
    method: string,
    path: string[],
    query: URLSearchParams,
    caller: Registered | undefined,
    body: unknown,
  ): Answer {
    const [resource, id] = path;
    if (resource === 'status') return { status: 200, json: { status: 'ok' } };
    if (resource === 'accounts' && method === 'POST') return this.#enroll(body, true);
    if (resource === 'devices' && method === 'POST') return this.#enroll(body, false);
    if (resource === 'rendezvous') return this.#rendezvous(method, id, path[2] ?? '', body);
    if (resource === 'tokens') {
      this.tokenRequests += 1;
      const { accountId, deviceId } = tokenRequest.parse(body);
      const found = this.devices.find((each) => each.accountId === accountId && each.deviceId === deviceId);
      return found ? { status: 200, json: this.#session(found) } : fail(401, 'unauthorized');
    }
    if (!caller) return fail(401, 'unauthorized');
    if (resource === 'accounts') {
      this.lookUps.push(id ?? '');
      const accountId = this.#accountOf(id ?? '');
      const found = accountId && { accountId, username: id };
      return found
        ? { status: 200, json: { ...found, list: this.tellList(found.accountId) } }
        : fail(404, 'not-found');
    }
    if (resource === 'device-grants') {
      const { identityKey } = newDeviceGrant.parse(body);
      if (!this.#listed(caller.accountId).includes(caller)) return fail(403, 'device-waiting');
      const grant = crypto.randomUUID();
      this.#grants.set(grant, { identityKey, username: caller.username, isUsed: false });
      return { status: 201, json: { grant } };
    }
    const stock = () => ({
      preKeys: caller.keys.preKeys.length,
      kyberPreKeys: caller.keys.kyberPreKeys.length,
    });
    if (resource === 'keys' && method === 'PUT') {
      if (this.keyUploadsFail) return fail(503, 'unavailable');
      const { preKeys, kyberPreKeys, ...signed } = replenishKeys.parse(body);
      if (signed.signedPreKey) caller.keys.signedPreKey = signed.signedPreKey;
      if (signed.lastResortKyberPreKey) caller.keys.lastResortKyberPreKey = signed.lastResortKyberPreKey;
      caller.keys.preKeys.push(...preKeys);
      caller.keys.kyberPreKeys.push(...kyberPreKeys);
      return { status: 200, json: stock() };
    }
    if (resource === 'keys' && id === undefined) return { status: 200, json: stock() };
    if (resource === 'device-list') return this.#putList(caller, putDeviceList.parse(body).list, true);
    if (resource === 'account-key') return this.#putList(caller, replaceAccountKey.parse(body).list, false);
    if (resource === 'device-lists') {
      const list = this.tellList(id ?? '');
      return list ? { status: 200, json: list } : fail(404, 'not-found');
    }
    if (resource === 'removed-accounts')
      return this.removedAccounts.has(id ?? '') ? { status: 204, json: undefined } : fail(404, 'not-found');
    const wanted = query.get('device');
    if (this.ownDevicesFail && method === 'GET' && (resource === 'devices' || id === caller.accountId))
      return fail(503, 'unavailable');
    if (resource === 'keys' && method === 'GET' && id !== undefined) this.keyQuestions.push(id);
    if (resource === 'keys' && this.hiddenKeys > 0) {
      this.hiddenKeys -= 1;
      return fail(404, 'not-found');
    }
    if (resource === 'keys') {
      const found = this.#listed(id ?? '').filter(
        (each) => each !== caller && (wanted === null || String(each.deviceId) === wanted),
      );
      if (found.length === 0 && id !== caller.accountId) return fail(404, 'not-found');
      const list = this.tellList(id ?? '');
      return { status: 200, json: { accountId: id, list, bundles: found.map((each) => this.#bundle(each)) } };
    }
    if (resource === 'account' && id === 'password') {
      if (changePassword.parse(body).removeOtherDevices) this.#end(caller, (each) => each !== caller);
      return { status: 200, json: this.#session(caller) };
    }
    if (resource === 'devices' && method === 'DELETE') {
      this.#end(caller, ({ deviceId }) => String(deviceId) === id);
      return { status: 204, json: undefined };
    }
    const own = this.devices.filter(({ accountId }) => accountId === caller.accountId);
    const devices = own.map(({ deviceId, keys }) => ({
      ...{ deviceId, name: `device ${deviceId}`, createdAt: 0 },
      ...{ registrationId: keys.registrationId, identityKey: keys.identityKey },
    }));
    return { status: 200, json: { devices, list: this.tellList(caller.accountId) } };
  }

  #rendezvous(method: string, id: string | undefined, slot: string, body: unknown): Answer {
    if (id === undefined) {
      const opened = mintRendezvousId(this.now(), crypto.getRandomValues(new Uint8Array(10)));
      this.rendezvous.set(opened, new Map());
      return { status: 201, json: { id: opened, endsInMs: RENDEZVOUS_MS } };
    }
    const slots = this.rendezvous.get(id);
    if (!slots || messageTime(id) + RENDEZVOUS_MS <= this.now()) return fail(404, 'not-found');
    const kept = slots.get(slot) ?? null;
    if (method === 'GET') return { status: 200, json: { sealed: kept } };
    const { sealed } = sealedMessage.parse(body);
    if (kept !== null && kept !== sealed) return fail(409, 'slot-taken');
    slots.set(slot, sealed);
    return { status: 204, json: undefined };
  }

  #end({ accountId }: Pick<Registered, 'accountId'>, isMeant: (device: Registered) => boolean): void {
    const left = this.devices.filter((each) => each.accountId !== accountId || !isMeant(each));
    this.devices.splice(0, Infinity, ...left);
    this.#tellDevices(accountId);
  }

  #page(node: ScriptedNode, mailbox: string, query: URLSearchParams, isOfIds: boolean): Answer {
    if (isOfIds && node.isOld) return fail(404, 'not-found');
    if (node.pagesLeft <= 0) return fail(503, 'unavailable');
    node.pagesLeft -= 1;
    const after = query.get('after') ?? '';
    const limit = Math.min(this.pageLimit, Number(query.get('limit') ?? 100));
    return {
      status: 200,
      json: isOfIds ? node.ids(mailbox, after, limit) : node.page(mailbox, after, limit),
    };
  }

  #isBlocked(caller: Registered | undefined, body: unknown): boolean {
    const asker = caller ?? tokenRequest.safeParse(body).data;
    return asker !== undefined && this.blocked.has(deviceKey(asker));
  }
}
