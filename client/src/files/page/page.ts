import { deleteIndexedDbParts, indexedDbPartStore } from '../../browser/indexed-db-part-store.ts';
import type { PartStore } from '../part-store.ts';
import type { PartsPage } from './parts-page.ts';

let store: PartStore | null = null;
const opened = (): PartStore => {
  if (store === null) throw new Error('no store is open');
  return store;
};

const api: PartsPage = {
  open: (name) => {
    store = indexedDbPartStore(name);
  },
  put: (...args) => opened().put(...args),
  get: (...args) => opened().get(...args),
  drop: (...args) => opened().drop(...args),
  names: (...args) => opened().names(...args),
  files: async () => [...(await opened().files())],
  remove: deleteIndexedDbParts,
};

Object.assign(globalThis, { partsPage: api });
