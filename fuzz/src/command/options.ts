import { randomInt } from 'node:crypto';
import { minutes, names, readOptions, UsageError, whole } from '@restante/scripts/cli';
import { z } from 'zod';
import { KINDS } from '../inputs/input.ts';
import type { Plan } from '../run/run.ts';

export type FuzzOptions = Plan & {
  readonly json: boolean;
  /** The command that sends these inputs again. */
  readonly again: (indexes: readonly number[]) => string;
};

const MAX_SEED = 2 ** 31;
const MAX_INPUTS = 1e9;
const DEFAULT_INPUTS = 20_000;
/** More than two cores can do at a time: they are always busy. */
const DEFAULT_AT_ONCE = 24;
const MAX_AT_ONCE = 256;

const schema = z.object({
  minutes: minutes.optional(),
  inputs: whole(1, MAX_INPUTS).optional(),
  seed: whole(0, MAX_SEED).optional(),
  from: whole(0, MAX_INPUTS).default(0),
  only: names(KINDS).default(KINDS),
  'at-once': whole(1, MAX_AT_ONCE).default(DEFAULT_AT_ONCE),
  json: z.boolean().default(false),
});

const ARGUMENTS = {
  minutes: { type: 'string' },
  inputs: { type: 'string' },
  seed: { type: 'string' },
  from: { type: 'string' },
  only: { type: 'string' },
  'at-once': { type: 'string' },
  json: { type: 'boolean' },
} as const;

/**
 * Reads the arguments of `npm run fuzz`.
 *
 * @throws UsageError naming the option that is unknown or has a bad value
 */
export const readFuzzOptions = (args: readonly string[]): FuzzOptions => {
  const given = readOptions(args, ARGUMENTS, schema);
  const { minutes = Infinity, from, json } = given;
  const kinds = KINDS.filter((kind) => given.only.includes(kind));
  const inputs = given.inputs ?? (given.minutes === undefined ? DEFAULT_INPUTS : Infinity);
  if (inputs !== Infinity && from + inputs > MAX_INPUTS)
    throw new UsageError(`--from and --inputs go beyond ${MAX_INPUTS}`);
  const seed = given.seed ?? randomInt(MAX_SEED);
  const only = kinds.length === KINDS.length ? '' : ` --only ${kinds.join(',')}`;
  return {
    seed,
    from,
    inputs,
    minutes,
    kinds,
    atOnce: given['at-once'],
    json,
    again: (indexes) => {
      const [first, last] = [Math.min(...indexes), Math.max(...indexes)];
      return `npm run fuzz -- --seed ${seed} --from ${first} --inputs ${last - first + 1}${only}`;
    },
  };
};

export const HELP = `
Usage: npm run fuzz -- [options]

Sends what nobody should send at every endpoint and frame of a real cluster, and puts documents into its databases, while two people talk.

  --seed <n>     what is drawn (any)
  --inputs <n>   how many inputs (${DEFAULT_INPUTS})
  --minutes <n>  sends until so many minutes are over
  --from <n>     number of the first input (0)
  --only <kinds> these alone: ${KINDS.join(', ')}
  --at-once <n>  inputs that are under way at a time (${DEFAULT_AT_ONCE})
  --json         one JSON object instead of lines
  --help         print this

With COUCHDB_URLS, three base URLs with an admin's credentials, separated by commas, these servers are used instead of embedded ones.

Exit code: 0 nothing was found, 1 a crash, an answer of 500, none at all or one after more than a second, an error that nobody had foreseen,
memory that grows, or people who could not talk; 2 bad options.
`;
