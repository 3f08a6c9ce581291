import PouchDB from 'pouchdb-core';
import LevelPouch from 'pouchdb-adapter-leveldb-core';
import { LevelStore } from './level-store.ts';

const adapterName = 'classic-level';

function ClassicLevelPouch(
  this: unknown,
  options: Record<string, unknown>,
  callback: (error: unknown) => void,
): void {
  LevelPouch.call(this, options, callback);
}
ClassicLevelPouch.valid = () => true;
ClassicLevelPouch.use_prefix = false;

PouchDB.adapter(adapterName, ClassicLevelPouch);

export interface OpenPouch {
  pouch: PouchDB;
  store: LevelStore;
}

/** Revisions of a document that a database remembers when nobody has said otherwise. */
export const defaultRevisionsLimit = 1000;

/** Opens the PouchDB database whose LevelDB files are in the folder `location`, and creates it if need be. */
export async function openPouch(location: string, revisionsLimit: number): Promise<OpenPouch> {
  const stores = new Map<string, LevelStore>();
  const createStore = (storeLocation: string): LevelStore => {
    const store = new LevelStore(storeLocation);
    stores.set(storeLocation, store);
    return store;
  };
  const pouch = new PouchDB(location, {
    adapter: adapterName,
    db: createStore,
    revs_limit: revisionsLimit,
  });
  await pouch.info();
  const store = stores.get(location);
  if (store === undefined) throw new Error('PouchDB opened no store');
  return { pouch, store };
}
