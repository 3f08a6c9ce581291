import { memoryPartStore } from './memory-part-store.ts';
import { partStoreContract } from './part-store.contract.ts';

const store = memoryPartStore();
partStoreContract(() => store);
