import type { Figure } from './figure.ts';

/** What every measurement is given. */
export type Bench = {
  /** Base URLs with an admin's credentials of running CouchDBs; null: the embedded ones are started. */
  readonly couchUrls: readonly string[] | null;
  /** Rounds of a comparison that count, beside one to warm up. */
  readonly rounds: number;
  /** Minutes of steady load of the memory measurement, and of rest of `sizing`. */
  readonly minutes: number;
  /**
   * How much `sizing` measures: users, messages of each of its parts, and how many of them are sent per second; and how many
   * `sockets` come back in `reconnect`, or are there at so many `masters` in `master-killed`.
   */
  readonly size: {
    readonly users: number;
    readonly messages: number;
    readonly perSecond: number;
    readonly sockets: number;
    readonly masters: number;
    /** Messages that a new device takes in `history`. */
    readonly history: number;
  };
  /** Flags of node for the services, such as `--cpu-prof`. */
  readonly nodeOptions: string | null;
  /** Empty folder for data and logs, removed at the end. */
  readonly dataDir: string;
  /** Tells what is going on, on standard error. */
  readonly progress: (text: string) => void;
};

export type Measurement = {
  /** By which it is chosen on the command line. */
  readonly name: string;
  readonly run: (bench: Bench) => Promise<readonly Figure[]>;
};
