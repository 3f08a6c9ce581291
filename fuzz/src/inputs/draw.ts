import type { Draft } from './draft.ts';
import { drawBytes } from './bytes.ts';
import { drawDocuments } from './document.ts';
import { drawFrame } from './frame.ts';
import type { Input, Kind } from './input.ts';
import { drawRequest } from './request.ts';
import type { World } from './world.ts';

const DRAW: Readonly<Record<Kind, (world: World, draft: Draft) => Input>> = {
  requests: drawRequest,
  frames: drawFrame,
  bytes: drawBytes,
  documents: drawDocuments,
};

/** Of a hundred inputs. Documents are written to a disk each. */
const SHARES: Readonly<Record<Kind, number>> = { requests: 52, frames: 33, bytes: 13, documents: 2 };

export const drawInput = (world: World, draft: Draft, kinds: readonly Kind[]): Input => {
  const { random } = draft;
  const shares = kinds.flatMap((kind) => Array<Kind>(SHARES[kind]).fill(kind));
  return DRAW[random.pick(shares)](world, draft);
};
