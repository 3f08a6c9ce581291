import nano from 'nano';

type Replications = nano.DocumentScope<unknown>;

const replicationsInto = async (replications: Replications, prefix: string) => {
  const { rows } = await replications.list({ include_docs: true });
  return rows.filter(({ doc }) => JSON.stringify(doc).includes(prefix));
};

/** Removes what a run has made on a server that others use too: databases of this prefix and their replications. */
export const removeDatabases = async (couchUrl: string, prefix: string): Promise<void> => {
  const server = nano(couchUrl);
  const names = await server.db.list();
  if (names.includes('_replicator')) {
    const replications: Replications = server.use('_replicator');
    for (const { id, value } of await replicationsInto(replications, prefix)) {
      await replications.destroy(id, value.rev);
    }
  }
  for (const name of names) if (name.startsWith(prefix)) await server.db.destroy(name);
};

/** A prefix that no other run uses. */
export const newPrefix = (): string => `bench${Date.now().toString(36)}${process.pid}-`;
