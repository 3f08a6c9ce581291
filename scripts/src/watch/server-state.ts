import { z } from 'zod';
import { ask } from '../state/ask.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import type { CertificateState } from './certificates.ts';

/** What a server tells of itself: its own masters and mailbox nodes, and what is wrong there. */
export type ServerState = ClusterState & { readonly certificates: readonly CertificateState[] };

const ANSWER_DEADLINE_MS = 5_000;
/** A server tells some kilobytes of itself. */
const ANSWER_BYTES = 256 * 1024;
const MAX_SERVICES = 64;

const text = z.string().max(1_000);

const master = z.object({
  name: text,
  up: z.boolean(),
  ready: z.boolean(),
  doubtedClockSeconds: z.number().nullable(),
  connections: z.number().nonnegative().nullable(),
  hasBus: z.boolean(),
  filling: z.array(text),
  setAside: z.array(text),
});
const node = z.object({
  name: text,
  up: z.boolean(),
  ready: z.boolean(),
  couchdbUp: z.boolean(),
  databases: z.number().nullable(),
  pulls: z.object({ running: z.number(), wanted: z.number() }),
  lagSeconds: z.number().nullable(),
  lags: z.record(text, z.number()),
  doubtedClockSeconds: z.number().nullable(),
  setAside: z.array(text),
  refusedWrites: z.record(text, z.number()),
});
const serverState: z.ZodType<ServerState> = z.object({
  masters: z.array(master).max(MAX_SERVICES),
  nodes: z.array(node).max(MAX_SERVICES),
  certificates: z.array(z.object({ name: text, notAfterMs: z.number().nullable() })).max(MAX_SERVICES),
  problems: z.array(text),
});

/** Asks another server's watch; null when it does not answer, or with something else. */
export const askServer = async (watchUrl: string): Promise<ServerState | null> => {
  const answer = await ask(`${watchUrl}/health`, ANSWER_DEADLINE_MS, ANSWER_BYTES);
  return serverState.safeParse(answer?.body).data ?? null;
};
