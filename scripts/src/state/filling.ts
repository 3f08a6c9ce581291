import { z } from 'zod';

/** How far the mesh has filled a node. */
export type Filling = {
  /** That the fullest of the other nodes has. */
  readonly documents: number;
  /** Of these: what the node lacks. */
  readonly left: number;
  /** Other nodes that answer and whose mail it has not: it has not caught up with them yet, or lags behind. */
  readonly lacks: readonly string[];
};

const ANSWER_DEADLINE_MS = 5_000;
const LAG_BOUND_SECONDS = 30;

/** The parts of a mailbox node's `GET /health` that tell it. */
const health = z.object({
  node: z.string(),
  databases: z.array(z.object({ name: z.string(), documents: z.number() })),
  /** Of the release before: without it. */
  caughtUpWith: z.array(z.string()).default([]),
  /** By peer. */
  lagSeconds: z.record(z.string(), z.number()),
});
type Health = z.infer<typeof health>;

const ask = async (url: string): Promise<Health | null> => {
  try {
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(ANSWER_DEADLINE_MS) });
    return health.parse(await answer.json());
  } catch {
    return null;
  }
};

/** Asks all nodes. `unknown` when none that answers has this name. */
export const readFilling = async (
  node: string,
  mailboxNodeUrls: readonly string[],
): Promise<Filling | 'unknown'> => {
  const answers = (await Promise.all(mailboxNodeUrls.map(ask))).filter((answer) => answer !== null);
  const own = answers.find((answer) => answer.node === node);
  if (own === undefined) return 'unknown';
  const others = answers.filter((answer) => answer !== own);
  const held = new Map(own.databases.map(({ name, documents }) => [name, documents]));
  const wanted = new Map<string, number>();
  for (const { name, documents } of others.flatMap(({ databases }) => databases))
    wanted.set(name, Math.max(documents, wanted.get(name) ?? 0));
  const hasAllOf = (name: string): boolean =>
    own.caughtUpWith.includes(name) && (own.lagSeconds[name] ?? Infinity) <= LAG_BOUND_SECONDS;
  const lacks = others.map((other) => other.node).filter((name) => !hasAllOf(name));
  const missing = [...wanted].map(([name, documents]) => Math.max(0, documents - (held.get(name) ?? 0)));
  return {
    documents: [...wanted.values()].reduce((sum, documents) => sum + documents, 0),
    left: lacks.length === 0 ? 0 : missing.reduce((sum, documents) => sum + documents, 0),
    lacks,
  };
};
