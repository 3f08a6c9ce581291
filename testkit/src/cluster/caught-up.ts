import { directoryDatabase, nodeDatabase } from '@restante/protocol';
import { connectCouch, readCaughtUp } from '@restante/service-kit';
import { metricOf } from './metrics.ts';

/** Whether a node knows that it has what its peers had. Rejects when it does not answer. */
export const isCaughtUp = async ({ url }: { readonly url: string }): Promise<boolean> =>
  (await metricOf(url, 'mailbox_caught_up')) === 1;

/** Whether masters have noted that the directory of a CouchDB has what the others had. Rejects when it does not answer. */
export const isDirectoryFilled = async (adminUrl: string, prefix: string): Promise<boolean> => {
  await using server = connectCouch(adminUrl, 10_000);
  const about = { node: nodeDatabase(prefix), database: directoryDatabase(prefix) };
  return (await readCaughtUp(server, about))?.isComplete === true;
};
