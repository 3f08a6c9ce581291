import type { BlobId, PartPlace } from '@restante/protocol';
import type { BlobPart } from './blob-store.ts';

/** Where clients put and get parts themselves, so that their bytes come by no node. Each place is for one part, and for some minutes. */
export type BlobPlaces = {
  /** @throws ServiceError as `BlobStore.put` */
  readonly toPut: (part: Omit<BlobPart, 'data'>) => Promise<PartPlace>;
  /** Null: it has expired. Whether the part is there is seen at the place. @throws ServiceError `unavailable` */
  readonly toGet: (blob: BlobId, part: number) => Promise<PartPlace | null>;
};
