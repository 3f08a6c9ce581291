import type { Person, TestCluster } from '@restante/testkit/cluster';

/** Two people who are there; the first has written "hello" to the other, whose mailboxes are empty again. */
export const friends = async (cluster: TestCluster): Promise<[Person, Person]> => {
  const alice = await cluster.person('alice');
  const bob = await cluster.person('bob');
  await Promise.all([alice.enterLive(), bob.enterLive()]);
  await alice.sendAccepted(bob, 'hello');
  await bob.seesLast(alice, 'hello');
  await cluster.empty(bob);
  return [alice, bob];
};
