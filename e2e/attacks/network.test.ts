import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { startFaultProxy, waitFor } from '@restante/testkit';
import { startTestCluster, TEST_PASSWORD, type Person, type TestCluster } from '@restante/testkit/cluster';
import { startNginx, type Nginx } from '@restante/testkit/nginx';
import { buildWebClient } from '@restante/web-client/build';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Who carries what people send: reads it, changes it, sends it again, lets nothing through. In front of nginx, as in production. */

/** A wire that keeps what it carries. */
const startWiretap = async (target: string) => {
  const sent: Buffer[][] = [];
  const all: Buffer[] = [];
  const proxy = await startFaultProxy(target, ({ connection, toServer, bytes }) => {
    all.push(bytes);
    if (toServer) (sent[connection] ??= []).push(bytes);
  });
  return {
    proxy,
    /** What went to the server, by connection. */
    sent: () => sent.map((pieces) => Buffer.concat(pieces)),
    /** Both ways. */
    all: () => Buffer.concat(all),
  };
};
type Wiretap = Awaited<ReturnType<typeof startWiretap>>;

let cluster: TestCluster;
let nginx: Nginx;
let secure: Wiretap;
let plain: Wiretap;
beforeAll(async () => {
  const messengerDir = await buildWebClient();
  cluster = await startTestCluster({ mailboxAddresses: 'front' });
  const { masters, mailboxNodes } = cluster.parts;
  nginx = await startNginx({
    master: masters[0]!.url,
    mailboxNodes: mailboxNodes.map(({ url }) => url),
    messengerDir,
  });
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(nginx.certificateFile, 'utf8')]);
  secure = await startWiretap(nginx.url);
  plain = await startWiretap(masters[0]!.url);
});
afterAll(async () => {
  for (const part of [secure.proxy, plain.proxy, nginx, cluster]) await part[Symbol.asyncDispose]();
});

const friends = async (origin: string): Promise<[Person, Person]> => {
  const people = [await cluster.person('alice', [origin]), await cluster.person('bob', [origin])] as [
    Person,
    Person,
  ];
  await Promise.all(people.map((person) => person.enterLive()));
  return people;
};

/** What nobody on the way may know, of people who have talked over this wire. */
const secretsOf = async (people: readonly Person[], text: string): Promise<Buffer[]> => {
  const each = await Promise.all(
    people.map(async (person) => {
      const { masterToken, mailboxToken } = await person.session();
      return [
        person.username,
        person.address.accountId,
        masterToken,
        mailboxToken,
        await person.deviceSecret(),
      ];
    }),
  );
  return [text, TEST_PASSWORD, ...each.flat()].map((secret) => Buffer.from(secret));
};

describe('somebody on the network', () => {
  it('reads no text, name, password, token or account in what passes', async () => {
    const text = `a text ${randomBytes(8).toString('hex')}`;
    const talk = async (wire: Wiretap) => {
      const [alice, bob] = await friends(wire.proxy.url);
      await alice.sendAccepted(bob, text);
      await bob.seesLast(alice, text);
      const secrets = await secretsOf([alice, bob], text);
      const seen = wire.all();
      return {
        bytes: seen.length,
        found: secrets.filter((secret) => seen.includes(secret)).map(String),
        secrets,
      };
    };
    const { bytes, found } = await talk(secure);
    expect(bytes).toBeGreaterThan(10_000);
    expect(found).toEqual([]);
    // Without TLS the same search finds what only TLS hides; texts are hidden all the same.
    const open = await talk(plain);
    expect(open.found).toContain(TEST_PASSWORD);
    expect(open.found).not.toContain(text);
  });

  it('sends again what it has carried, and nothing comes of it', async () => {
    const [alice, bob] = await friends(secure.proxy.url);
    await alice.sendAccepted(bob, 'once');
    await bob.seesLast(alice, 'once');
    await cluster.empty(bob);
    const before = await cluster.envelopes();
    const { hostname, port } = new URL(nginx.url);
    const recorded = secure.sent().filter(({ length }) => length > 0);
    expect(recorded.length).toBeGreaterThan(3);
    for (const bytes of recorded) {
      const socket = connect(Number(port), hostname).on('error', () => undefined);
      socket.resume().write(bytes);
      // The handshake is another one: what was encrypted for that one is refused.
      await new Promise((resolve) => socket.once('close', resolve));
    }
    await alice.sendAccepted(bob, 'and on');
    await bob.seesLast(alice, 'and on');
    await cluster.empty(bob);
    const after = await cluster.envelopes();
    expect(after.map(({ size }) => size)).toEqual(before.map(({ size }) => size + 1));
    expect(bob.shown).toEqual(['once', 'and on']);
  });

  it('changes what it carries, or lets nothing through: connections break, nothing is lost and nothing comes twice', async () => {
    const [alice, bob] = await friends(secure.proxy.url);
    const texts = Array.from({ length: 12 }, (_, index) => `text ${index + 1}`);
    for (const [index, text] of texts.entries()) {
      secure.proxy.set(index % 3 === 0 ? 'falsified' : 'pass');
      if (index % 4 === 0) secure.proxy.cut();
      await alice.send(bob, text);
      if (index % 3 === 0)
        await waitFor('a connection to break', () =>
          [alice, bob].some((person) => person.messenger().connection().name !== 'live'),
        );
    }
    secure.proxy.set('pass');
    await bob.seesLast(alice, texts.at(-1)!);
    await cluster.empty(bob);
    expect(await bob.textsFrom(alice)).toEqual(texts);
    // Live mail does not wait for mailboxes that cannot be read: what is read later is told of later, and stands where it belongs.
    expect(bob.shown.toSorted()).toEqual(texts.toSorted());
    expect([...alice.faults, ...bob.faults].filter((fault) => fault instanceof TypeError)).toEqual([]);
  });
});
