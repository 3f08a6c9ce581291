import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  deleteRequest,
  deriveMessageId,
  deviceKey,
  ERRORS,
  messageTime,
  newDevice,
  PROTOCOL_VERSION,
  replenishKeys,
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
  type MailboxIds,
  type MailboxPage,
  type Send,
} from '@restante/protocol';
import { WebSocketServer, type WebSocket } from 'ws';

/**
 * A small peer that speaks the protocol over real HTTP and WebSocket and does what a test tells it: one master and
 * three mailbox nodes that copy at once. It checks little; the real servers are tested elsewhere.
 */

const TTL_MS = 30 * 24 * 60 * 60 * 1000;

type Registered = { accountId: string; deviceId: number; username: string; keys: DeviceKeys };
type Answer = { status: number; json: unknown };

const fail = (status: number, code: ErrorCode): Answer => ({ status, json: { code, message: code } });

const readBody = async (request: IncomingMessage): Promise<unknown> => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? undefined : JSON.parse(text);
};

/** A mailbox node of the cluster. */
export type ScriptedNode = {
  readonly mailboxes: Map<string, Map<string, Envelope>>;
  readonly listeners: Map<string, Set<ServerResponse>>;
  /** Refuses everything. */
  down: boolean;
  /** Answers everything with this error. */
  refusing: ErrorCode | null;
  /** Fails after this many more pages, of ids or of envelopes. */
  pagesLeft: number;
  /** Of an older release: it gives no ids alone. */
  isOld: boolean;
  /** What it lists and does not give. */
  withholds: (id: string) => boolean;
  /** Ids of the envelopes that it has given in pages. */
  readonly given: string[];
  expired: number;
};

export class ScriptedCluster {
  readonly nodes: ScriptedNode[] = [0, 1, 2].map(() => ({
    mailboxes: new Map(),
    listeners: new Map(),
    down: false,
    refusing: null,
    pagesLeft: Infinity,
    isOld: false,
    withholds: () => false,
    given: [],
    expired: 0,
  }));
  readonly sockets = new Map<string, WebSocket>();
  readonly devices: Registered[] = [];
  readonly sends: Send[] = [];
  readonly acknowledges: Acknowledge[] = [];
  keyFetches = 0;
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
  readonly #http = createServer((request, response) => void this.#serve(request, response));
  readonly #ws = new WebSocketServer({ noServer: true });

  static async start(): Promise<ScriptedCluster> {
    const cluster = new ScriptedCluster();
    // On a busy machine a client would use a connection again at the moment at which it is closed for idleness.
    cluster.#http.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => cluster.#http.listen(0, '127.0.0.1', resolve));
    cluster.#http.on('upgrade', (request, socket, head) => {
      const offered = String(request.headers['sec-websocket-protocol']).split(', ');
      const [accountId, device] = (tokenFromSubprotocols(offered) ?? '').split('.');
      const known = cluster.devices.find(
        (each) => each.accountId === accountId && String(each.deviceId) === device,
      );
      if (
        cluster.masterDown ||
        !known ||
        cluster.blocked.has(deviceKey(known)) ||
        !offered.includes(subprotocol(PROTOCOL_VERSION))
      )
        return socket.destroy();
      cluster.#ws.handleUpgrade(request, socket, head, (ws) => cluster.#connect(ws, known));
    });
    return cluster;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  now(): number {
    return Date.now() + this.clockOffsetMs;
  }

  /** Envelopes waiting anywhere. */
  waiting(): number {
    return new Set(
      this.nodes.flatMap(({ mailboxes }) => [...mailboxes.values()].flatMap((box) => [...box.keys()])),
    ).size;
  }

  dropSockets(code = 1001): void {
    for (const socket of this.sockets.values()) socket.close(code);
    this.sockets.clear();
  }

  push(accountId: string, deviceId: number, frame: Downstream): void {
    this.sockets.get(deviceKey({ accountId, deviceId }))?.send(JSON.stringify(frame));
  }

  /** Puts an envelope on the nodes that are up, and tells who listens. */
  store(accountId: string, deviceId: number, envelope: Envelope): number {
    const up = this.nodes.filter(({ down }) => !down);
    const key = deviceKey({ accountId, deviceId });
    for (const { mailboxes, listeners } of up) {
      const box = mailboxes.get(key) ?? new Map<string, Envelope>();
      mailboxes.set(key, box.set(envelope.id, envelope));
      for (const listener of listeners.get(key) ?? []) {
        listener.write(`event: envelope\ndata: ${JSON.stringify(envelope)}\n\n`);
      }
    }
    return up.length;
  }

  /** Pushes and stores what was sent for a device; answers with the number of copies. */
  deliver(
    senderId: string,
    senderDeviceId: number,
    { accountId, deviceId }: DeviceAddress,
    clientId: string,
    { type, payload }: Pick<Envelope, 'type' | 'payload'>,
  ): number {
    const id = deriveMessageId({ accountId: senderId, deviceId: senderDeviceId }, clientId);
    const sentAt = messageTime(clientId);
    const intact = { id, senderId, senderDeviceId, sentAt, expiresAt: sentAt + TTL_MS, type, payload };
    const envelope = this.corrupt({ accountId, deviceId }, intact);
    this.push(accountId, deviceId, { type: 'envelope', envelope });
    return this.store(accountId, deviceId, envelope);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#ws.clients) socket.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  #connect(ws: WebSocket, { accountId, deviceId }: Registered): void {
    const key = deviceKey({ accountId, deviceId });
    this.sockets.get(key)?.close(4409);
    this.sockets.set(key, ws);
    const reply = (frame: Downstream): void => ws.send(JSON.stringify(frame));
    reply({
      ...{ type: 'welcome', protocolVersion: PROTOCOL_VERSION, accountId, deviceId, serverTime: this.now() },
      limits: { payloadBytes: 98304, frameBytes: 1048576, messageTtlMs: TTL_MS, silenceMs: 30_000 },
    });
    ws.on('message', (data: Buffer) => {
      const frame = upstream.parse(JSON.parse(data.toString()));
      if (frame.type === 'send') this.sends.push(frame);
      if (frame.type === 'acknowledge') this.acknowledges.push(frame);
      if (this.intercept(frame, reply)) return;
      if (frame.type === 'ping') reply({ type: 'pong', serverTime: this.now() });
      if (frame.type === 'send') this.#send(accountId, deviceId, frame, reply);
      if (frame.type === 'acknowledge') this.#acknowledge(accountId, deviceId, frame, reply);
    });
  }

  #mismatches(sender: string, senderDevice: number, { recipients }: Send): DeviceMismatch[] {
    return recipients.flatMap(({ accountId, envelopes }) => {
      const wanted = this.devices.filter(
        (each) => each.accountId === accountId && !(accountId === sender && each.deviceId === senderDevice),
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
    const id = deriveMessageId({ accountId: senderId, deviceId: senderDeviceId }, frame.id);
    let copies = 0;
    for (const { accountId, envelopes } of frame.recipients) {
      for (const envelope of envelopes)
        copies = this.deliver(senderId, senderDeviceId, { ...envelope, accountId }, frame.id, envelope);
    }
    if (copies === 0) refuse('unavailable');
    else reply({ type: 'accepted', id: frame.id, messageId: id, copies });
  }

  #delete(key: string, ids: readonly string[]): number {
    const up = this.nodes.filter(({ down }) => !down);
    for (const { mailboxes } of up) for (const id of ids) mailboxes.get(key)?.delete(id);
    return up.length;
  }

  #acknowledge(
    accountId: string,
    deviceId: number,
    frame: Acknowledge,
    reply: (frame: Downstream) => void,
  ): void {
    const ids = frame.messages.map(({ id }) => id);
    reply({ type: 'acknowledged', ids, copies: this.#delete(deviceKey({ accountId, deviceId }), ids) });
    if (!frame.receipts) return;
    for (const { id, senderId, senderDeviceId } of frame.messages) {
      this.push(senderId, senderDeviceId, {
        type: 'receipt',
        accountId,
        deviceId,
        ids: [id],
      });
    }
  }

  #session({ accountId, deviceId, username }: Registered) {
    const token = `${accountId}.${deviceId}`;
    const expiresAt = this.now() + 3_600_000;
    return {
      ...{ accountId, deviceId, username, serverTime: this.now(), writeConcern: 2 },
      ...{ masterToken: token, masterTokenExpiresAt: expiresAt },
      ...{ mailboxToken: token, mailboxTokenExpiresAt: expiresAt },
      mailboxNodes: ['/nodes/0', '/nodes/1', '/nodes/2'],
    };
  }

  #enroll(body: unknown, fresh: boolean): Answer {
    const { username, device } = newDevice.parse(body);
    const others = this.devices.filter((each) => each.username === username);
    if (fresh && others.length > 0) return fail(409, 'username-taken');
    const [first] = others;
    if (!fresh && !first) return fail(401, 'unauthorized');
    const deviceId = 1 + Math.max(0, ...others.map((each) => each.deviceId));
    const registered = {
      accountId: first?.accountId ?? this.nextAccountId ?? crypto.randomUUID(),
      deviceId,
      username,
      keys: device.keys,
    };
    this.devices.push(registered);
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
    if (resource === 'accounts' && method === 'POST') return this.#enroll(body, true);
    if (resource === 'devices' && method === 'POST') return this.#enroll(body, false);
    if (resource === 'tokens') {
      const { accountId, deviceId } = tokenRequest.parse(body);
      const found = this.devices.find((each) => each.accountId === accountId && each.deviceId === deviceId);
      return found ? { status: 200, json: this.#session(found) } : fail(401, 'unauthorized');
    }
    if (!caller) return fail(401, 'unauthorized');
    if (resource === 'accounts') {
      this.lookUps.push(id ?? '');
      const found = this.devices.find(({ username }) => username === id);
      return found
        ? { status: 200, json: { accountId: found.accountId, username: id } }
        : fail(404, 'not-found');
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
    if (resource === 'removed-accounts')
      return this.removedAccounts.has(id ?? '') ? { status: 204, json: undefined } : fail(404, 'not-found');
    const wanted = query.get('device');
    if (this.ownDevicesFail && method === 'GET' && (resource === 'devices' || id === caller.accountId))
      return fail(503, 'unavailable');
    if (resource === 'keys' && this.hiddenKeys > 0) {
      this.hiddenKeys -= 1;
      return fail(404, 'not-found');
    }
    if (resource === 'keys') {
      const found = this.devices.filter(
        (each) =>
          each !== caller && each.accountId === id && (wanted === null || String(each.deviceId) === wanted),
      );
      if (found.length === 0 && id !== caller.accountId) return fail(404, 'not-found');
      return { status: 200, json: { accountId: id, bundles: found.map((each) => this.#bundle(each)) } };
    }
    if (resource === 'devices' && method === 'DELETE') {
      this.devices.splice(
        0,
        Infinity,
        ...this.devices.filter((each) => each.accountId !== caller.accountId || String(each.deviceId) !== id),
      );
      return { status: 204, json: undefined };
    }
    const own = this.devices.filter(({ accountId }) => accountId === caller.accountId);
    const devices = own.map(({ deviceId, keys }) => ({
      ...{ deviceId, name: `device ${deviceId}`, createdAt: 0, registrationId: keys.registrationId },
    }));
    return { status: 200, json: { devices } };
  }

  #page(node: ScriptedNode, key: string, query: URLSearchParams, isOfIds: boolean): Answer {
    if (isOfIds && node.isOld) return fail(404, 'not-found');
    if (node.pagesLeft <= 0) return fail(503, 'unavailable');
    node.pagesLeft -= 1;
    const after = query.get('after') ?? '';
    const all = [...(node.mailboxes.get(key)?.values() ?? [])].filter(({ id }) => id > after);
    const part = all
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .slice(0, Math.min(this.pageLimit, Number(query.get('limit'))));
    const complete = part.length === all.length;
    const page = {
      complete,
      next: complete ? null : (part.at(-1)?.id ?? null),
      expired: after === '' ? node.expired : 0,
    };
    if (isOfIds)
      return { status: 200, json: { ...page, ids: part.map(({ id }) => id) } satisfies MailboxIds };
    const messages = part.filter(({ id }) => !node.withholds(id));
    node.given.push(...messages.map(({ id }) => id));
    return { status: 200, json: { ...page, messages } satisfies MailboxPage };
  }

  #isBlocked(caller: Registered | undefined, body: unknown): boolean {
    const asker = caller ?? tokenRequest.safeParse(body).data;
    return asker !== undefined && this.blocked.has(deviceKey(asker));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const [root, ...path] = url.pathname.slice(1).split('/');
    const token = (request.headers.authorization ?? '').replace('Bearer ', '');
    const [accountId, device] = token.split('.');
    const caller = this.devices.find(
      (each) => each.accountId === accountId && String(each.deviceId) === device,
    );
    const body = await readBody(request);
    const answer = ({ status, json }: Answer): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
    };
    if (root === 'api') {
      if (this.masterDown || this.#isBlocked(caller, body)) return void request.socket.destroy();
      answer(this.#api(request.method ?? '', path, url.searchParams, caller, body));
      return;
    }
    const node = this.nodes[Number(path[0])];
    if (!node || node.down) return void request.socket.destroy();
    if (!caller || node.refusing !== null) {
      const code = node.refusing ?? 'unauthorized';
      answer(fail(ERRORS[code].status, code));
      return;
    }
    const key = deviceKey(caller);
    if (path[2] === 'delete') {
      const { ids } = deleteRequest.parse(body);
      for (const id of ids) node.mailboxes.get(key)?.delete(id);
      answer({ status: 200, json: { deleted: ids.length } });
      return;
    }
    if (path[3] !== 'events') {
      answer(this.#page(node, key, url.searchParams, path[3] === 'ids'));
      return;
    }
    const listeners = node.listeners.get(key) ?? new Set<ServerResponse>();
    node.listeners.set(key, listeners.add(response));
    response.on('close', () => listeners.delete(response));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': hello\n\n');
  }
}
