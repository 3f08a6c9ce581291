import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CellNode } from '@restante/master-node';
import type { DeviceAddress, MessageId } from '@restante/protocol';
import { createTokenSigner } from '@restante/service-kit';
import {
  mailboxNodeConfigs,
  newEnvelope,
  newMailbox,
  newTestKeys,
  startCouches,
  startFaultProxy,
  startTestNode,
  type FaultProxy,
  type TestNode,
} from '@restante/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMailboxCalls, type MailboxCalls } from './mailbox-calls.ts';
import { moveMailbox, type MoveMode } from './move-mailbox.ts';

/** Two cells of one node each: what holds of one mailbox holds whichever nodes have a copy of it. */
describe('a mailbox that is moved', () => {
  const cleanup = new AsyncDisposableStack();
  let former: TestNode;
  let own: TestNode;
  let ownWay: FaultProxy;
  let calls: MailboxCalls;
  let mailbox: DeviceAddress;

  beforeAll(async () => {
    const keys = newTestKeys();
    const start = async (): Promise<TestNode> => {
      const couches = cleanup.use(await startCouches(1));
      const [config] = await mailboxNodeConfigs(couches, keys);
      return cleanup.use(await startTestNode(config!, keys));
    };
    former = await start();
    own = await start();
    ownWay = cleanup.use(await startFaultProxy(own.url));
    calls = createMailboxCalls(createTokenSigner(keys.privatePem), new AbortController().signal);
  });
  afterAll(() => cleanup.disposeAsync());
  beforeEach(() => {
    mailbox = newMailbox();
    ownWay.set('pass');
  });

  const nodeAt = (name: string, url: string): CellNode => ({ name, url, publicUrl: `/${name}` });
  const move = (mode: MoveMode, by: MailboxCalls = calls) => {
    const cells = { former: [nodeAt('former', former.url)], own: [nodeAt('own', ownWay.url)] };
    return moveMailbox(mailbox, { ...cells, writeConcern: 1 }, by, mode);
  };
  const fill = async (count: number): Promise<MessageId[]> => {
    const envelopes = Array.from({ length: count }, () => newEnvelope(mailbox));
    await former.store(...envelopes);
    return envelopes.map(({ id }) => id);
  };

  it('is copied as it is, once, and deleted where it was when that is asked for', async () => {
    const ids = await fill(7);
    const before = await former.list(mailbox);
    expect(await move('verify')).toEqual({ copied: 0, there: 0, left: 7, removed: 0 });
    expect(await move('copy')).toEqual({ copied: 7, there: 0, left: 0, removed: 0 });
    expect(await move('copy')).toEqual({ copied: 0, there: 7, left: 0, removed: 0 });
    expect((await own.list(mailbox)).messages).toEqual(before.messages);
    expect(await former.ids(mailbox)).toEqual(ids);
    expect(await move('remove')).toEqual({ copied: 0, there: 7, left: 0, removed: 7 });
    expect(await former.ids(mailbox)).toEqual([]);
    expect(await own.ids(mailbox)).toEqual(ids);
    expect(await move('verify')).toEqual({ copied: 0, there: 0, left: 0, removed: 0 });
  });

  it('does not bring back what its owner has deleted in the own cell, before or after it was there', async () => {
    const [before, after, kept] = (await fill(3)) as [MessageId, MessageId, MessageId];
    await own.acknowledge(mailbox, before);
    await move('copy');
    await own.acknowledge(mailbox, after);
    await move('copy');
    expect(await own.ids(mailbox)).toEqual([kept]);
    await move('remove');
    expect(await former.ids(mailbox)).toEqual([]);
    expect(await own.ids(mailbox)).toEqual([kept]);
  });

  it('has nothing of what its owner deletes in both cells while it is copied', async () => {
    const ids = await fill(5);
    const [first] = ids as [MessageId];
    await move('copy', {
      ...calls,
      store: async (node, envelopes) => {
        await Promise.all([former.acknowledge(mailbox, first), own.acknowledge(mailbox, first)]);
        return calls.store(node, envelopes);
      },
    });
    expect(await own.ids(mailbox)).toEqual(ids.slice(1));
    expect(await former.ids(mailbox)).toEqual(ids.slice(1));
  });

  it('stays where it is when the own cell does not take it', async () => {
    const ids = await fill(2);
    ownWay.set('refuse');
    ownWay.cut();
    expect(await move('remove')).toEqual({ copied: 0, there: 0, left: 2, removed: 0 });
    expect(await former.ids(mailbox)).toEqual(ids);
  });

  it('is not called moved when a node lists what it does not give, and says itself that this is not all', async () => {
    const ids = await fill(2);
    await using partial = createServer((request, response) => {
      const { authorization = '' } = request.headers;
      const answer = async (): Promise<void> => {
        const told = await fetch(former.url + (request.url ?? ''), { headers: { authorization } });
        const page = (await told.json()) as { readonly messages?: unknown };
        const isPage = page.messages !== undefined;
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(isPage ? { ...page, messages: [], next: null, complete: false } : page));
      };
      answer().catch(() => response.destroy());
    }).listen(0, '127.0.0.1');
    await once(partial, 'listening');
    const { port } = partial.address() as AddressInfo;
    const cells = { former: [nodeAt('partial', `http://127.0.0.1:${port}`)], own: [nodeAt('own', own.url)] };
    expect(await moveMailbox(mailbox, { ...cells, writeConcern: 1 }, calls, 'copy')).toEqual({
      ...{ copied: 0, there: 0, left: 2, removed: 0 },
    });
    expect(await former.ids(mailbox)).toEqual(ids);
  });

  it('is not called moved when the former cell does not tell what it has', async () => {
    await fill(1);
    const gone = nodeAt('former', 'http://127.0.0.1:9');
    const cells = { former: [gone], own: [nodeAt('own', own.url)], writeConcern: 1 };
    await expect(moveMailbox(mailbox, cells, calls, 'copy')).rejects.toThrow('former does not answer');
  });
});
