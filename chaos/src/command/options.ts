import { randomInt } from 'node:crypto';
import { minutes, names, readOptions, UsageError, whole } from '@restante/scripts/cli';
import { z } from 'zod';
import { ALL_FAULTS, FAULTS, FAULTS_OF_SERVERS } from '../faults/index.ts';
import type { Bug } from '../planted/bug.ts';
import { BUGS } from '../planted/bugs/index.ts';
import { OPERATIONS } from '../operations/index.ts';
import { readPlan, type KeptPlan } from '../plan/plan-file.ts';
import type { Weighted } from '../plan/plan.ts';
import { ENUMERATED, type Enumerated } from '../run/enumerate.ts';
import { EVENTS } from '../run/events.ts';

/** What a run is asked to be. */
export type ChaosOptions = {
  /** The first one. */
  readonly seed: number;
  /** How many; `Infinity`: until the time is up. */
  readonly seeds: number;
  /** No seed is begun after so many minutes; `Infinity`: whatever they take. */
  readonly minutes: number;
  readonly steps: number;
  readonly maxPauseMs?: number;
  readonly people: number;
  /** Three: each with a master of its own. */
  readonly servers: 1 | 3;
  readonly masters: number;
  readonly faults: readonly Weighted[];
  readonly operations: readonly Weighted[];
  readonly events: readonly Weighted[];
  readonly json: boolean;
  /** Whether a plan that breaks a law is made smaller. */
  readonly shrink: boolean;
  /** Run instead of what the seeds would make. */
  readonly plan: KeptPlan | null;
  /** Mistakes that are made on purpose, to see whether they are found; null: nothing is planted. */
  readonly planted: readonly Bug[] | null;
  /** What a device is killed at each step of; none: plans are run. */
  readonly enumerated: readonly Enumerated[];
  /** The command that runs a seed again. */
  readonly again: (seed: number) => string;
};

const MAX_SEED = 2 ** 31;
const MAX_STEPS = 10_000;
const MAX_PEOPLE = 8;
const MAX_MASTERS = 3;
const MAX_SEEDS = 100_000;
/** A server takes longer to start than a process. */
const MAX_PAUSE_OF_SERVERS_MS = 1_000;
const NONE = 'none';
const ALL = 'all';

const namesOf = (items: readonly { readonly name: string }[]): string[] => items.map(({ name }) => name);

const KINDS = [...ALL_FAULTS, ...OPERATIONS, ...EVENTS];

const schema = z.object({
  seed: whole(0, MAX_SEED).optional(),
  seeds: whole(1, MAX_SEEDS).optional(),
  minutes: minutes.optional(),
  steps: whole(1, MAX_STEPS).default(150),
  people: whole(2, MAX_PEOPLE).default(4),
  servers: z.enum(['1', '3'], 'needs 1 or 3').optional(),
  masters: whole(1, MAX_MASTERS).optional(),
  faults: names([NONE, ...namesOf(ALL_FAULTS)]).optional(),
  without: names(namesOf(KINDS)).default([]),
  only: names(namesOf(OPERATIONS)).optional(),
  json: z.boolean().default(false),
  shrink: z.boolean().default(false),
  plan: z.string().optional(),
  planted: names([ALL, ...namesOf(BUGS)]).optional(),
  enumerate: names(ENUMERATED).optional(),
});

const ARGUMENTS = {
  seed: { type: 'string' },
  seeds: { type: 'string' },
  minutes: { type: 'string' },
  steps: { type: 'string' },
  people: { type: 'string' },
  servers: { type: 'string' },
  masters: { type: 'string' },
  faults: { type: 'string' },
  without: { type: 'string' },
  only: { type: 'string' },
  json: { type: 'boolean' },
  shrink: { type: 'boolean' },
  plan: { type: 'string' },
  planted: { type: 'string' },
  enumerate: { type: 'string' },
} as const;

const planIn = (file: string): KeptPlan => {
  try {
    return readPlan(file);
  } catch (error) {
    throw new UsageError(`--plan: ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
};

/** `--planted` alone means all of them. */
const withPlanted = (args: readonly string[]): string[] =>
  args.map((arg, index) => {
    const next = args[index + 1];
    return arg === '--planted' && (next === undefined || next.startsWith('-')) ? `--planted=${ALL}` : arg;
  });

/**
 * Reads the arguments of `npm run chaos`.
 *
 * @throws UsageError naming the option that is unknown or has a bad value
 */
export const readChaosOptions = (args: readonly string[]): ChaosOptions => {
  const given = readOptions(withPlanted(args), ARGUMENTS, schema);
  const { planted } = given;
  const plan = given.plan === undefined ? null : planIn(given.plan);
  const isWanted =
    (only: readonly string[] | undefined) =>
    ({ name }: Weighted): boolean =>
      (only?.includes(name) ?? true) && !given.without.includes(name);
  const operations = OPERATIONS.filter(isWanted(given.only));
  const servers = given.servers === '3' ? 3 : 1;
  if (servers === 3 && given.masters !== undefined)
    throw new UsageError('--masters: each of three servers has one');
  if (servers === 3 && given.enumerate !== undefined) throw new UsageError('--enumerate: is for one server');
  const possible = servers === 3 ? FAULTS_OF_SERVERS : FAULTS;
  const [strange] = (given.faults ?? []).filter(
    (name) => name !== NONE && !possible.some((fault) => fault.name === name),
  );
  if (strange !== undefined)
    throw new UsageError(
      `--faults: ${strange} ${servers === 3 ? 'is not possible with' : 'needs'} --servers 3`,
    );
  if (operations.length === 0) throw new UsageError('--only and --without leave nothing that people do');
  return {
    seed: plan?.seed ?? given.seed ?? randomInt(MAX_SEED),
    seeds: given.seeds ?? (given.minutes === undefined ? 1 : Infinity),
    minutes: given.minutes ?? Infinity,
    steps: given.steps,
    people: given.people,
    servers,
    ...(servers === 3 && { maxPauseMs: MAX_PAUSE_OF_SERVERS_MS }),
    masters: given.masters ?? 1,
    faults: possible.filter(isWanted(given.faults)),
    operations,
    events: EVENTS.filter(isWanted(undefined)),
    json: given.json,
    shrink: given.shrink,
    plan,
    planted: planted ? BUGS.filter(({ name }) => planted.includes(ALL) || planted.includes(name)) : null,
    enumerated: ENUMERATED.filter((what) => given.enumerate?.includes(what)),
    again: (seed) => {
      const flags = plan
        ? { plan: given.plan, servers: given.servers }
        : {
            seed,
            steps: given.steps,
            people: given.people,
            servers: given.servers,
            masters: given.masters,
            faults: given.faults?.join(','),
            without: given.without.join(','),
            only: given.only?.join(','),
          };
      const said = Object.entries(flags).filter(([, value]) => value !== undefined && value !== '');
      return ['npm run chaos --', ...said.map(([name, value]) => `--${name} ${value}`)].join(' ');
    },
  };
};

const listed = (items: readonly { readonly name: string }[]): string => namesOf(items).join(', ');

export const HELP = `
Usage: npm run chaos -- [options]

People talk through a real cluster while everything fails that can. What their messengers told is held against the laws.

  --seed <n>        the first seed (any)
  --seeds <n>       how many seeds, one after the other (1)
  --minutes <n>     goes on with the next seed until so many minutes are over
  --steps <n>       steps of a seed (150)
  --people <n>      how many people, 2 to ${MAX_PEOPLE} (4)
  --masters <n>     how many masters (1); several have a NATS server between them, which takes part in what happens
  --servers 3       a cell of three servers in network namespaces, for which this needs root. Other faults are possible there:
                    ${listed(FAULTS_OF_SERVERS)}
  --faults <names>  these faults alone, or none: ${listed(FAULTS)}
  --only <names>    these operations alone: ${listed(OPERATIONS)}
  --without <names> not these faults, operations and events (${listed(EVENTS)})
  --shrink          looks for the smallest plan that breaks the law again, in at most 80 runs, and keeps it in a file
  --plan <file>     runs such a plan; with --seeds as often as that
  --planted [names] plants mistakes in the product, one after the other, and tells which law finds each, at which seed:
                    at most 20 seeds each, or --seeds; ${namesOf(BUGS).join(', ')}
  --enumerate <what> kills a device at each step that its messenger waits for: ${ENUMERATED.join(', ')}
  --json            a JSON object for each seed and a summary, one a line
  --help            print this

Names are separated by commas. With COUCHDB_URLS, three base URLs with an admin's credentials, separated by commas, these servers are
used instead of embedded ones; what they cannot suffer is left out.

Exit code: 0 no violation, 1 a violation or no run, 2 bad options. With --planted: 0 when each mistake was found.
`;
