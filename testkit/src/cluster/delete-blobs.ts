import { askCouch } from '../couch.ts';
import { databasesOf } from './couch-state.ts';

/** Deletes all buckets of blobs on a CouchDB server, as nodes do when they are 30 days old. */
export const deleteBlobs = async (serverUrl: string, prefix: string): Promise<void> => {
  for (const name of await databasesOf(serverUrl, `${prefix}blobs-`)) {
    const { status } = await askCouch(serverUrl, name, 'DELETE');
    if (status >= 300) throw new Error(`${status} for deleting ${name}`);
  }
};
