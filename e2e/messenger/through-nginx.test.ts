import { startNginx } from '@restante/testkit/nginx';
import { NETWORK_FAILURES } from '@restante/testkit/messenger';
import { describe, expect, it } from 'vitest';
import { stageOfFile } from './stage-of-file.ts';

/** The same people, where production has nginx: HTTPS, HTTP/2, and the nginx.conf of production. */

const stage = stageOfFile({
  areInstalled: true,
  startFront: (cluster, messengerDir) => {
    const { masters, mailboxNodes } = cluster.parts;
    return startNginx({
      master: masters[0]!.url,
      mailboxNodes: mailboxNodes.map(({ url }) => url),
      messengerDir,
    });
  },
});

describe('behind nginx', () => {
  it('two people talk while a node is killed and comes back, and open the messenger without a network', async () => {
    const [alice, bob] = await stage().friends('alice', 'bob');
    const protocols = await alice!.page().evaluate<string[]>(
      // Of the page's own files; in the page's words, since this program has no DOM.
      `performance.getEntriesByType('resource').map(({ nextHopProtocol }) => nextHopProtocol)`,
    );
    expect(new Set(protocols.filter((protocol) => protocol !== ''))).toEqual(new Set(['h2']));
    expect(new URL(alice!.page().url()).protocol).toBe('https:');

    [alice!, bob!].forEach(({ complaints }) => complaints.expect(...NETWORK_FAILURES));
    const node = stage().cluster.parts.mailboxNodes[1]!;
    await node.kill('SIGKILL');
    await alice!.write('one node is down');
    await bob!.sees('one node is down');
    await alice!.sent('one node is down', 'read');
    await bob!.leave();
    await alice!.write('and you are away');
    await alice!.sent('and you are away', 'accepted');
    await bob!.enter();
    await bob!.open(alice!.username);
    await bob!.sees('and you are away');
    await bob!.isConnected('live');
    await node.start();
    await bob!.write('it is back');
    await alice!.sees('it is back');
    await bob!.sent('it is back', 'read');
    for (const person of [alice!, bob!]) await stage().cluster.empty(person);

    await alice!.isInstalled();
    await alice!.goOffline();
    await alice!.page().reload();
    await alice!.sees('it is back');
    await alice!.goOnline();
    await alice!.isConnected('live');
    expect(await alice!.texts()).toEqual(['hello', 'one node is down', 'and you are away', 'it is back']);
  });
});
