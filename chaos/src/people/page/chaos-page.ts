import type { Happening } from '../../history/line.ts';
import type { DeviceStart, Request } from '../requests.ts';

/** What the page offers to the process that drives it, as `chaosPage`. */
export type ChaosPage = {
  /** The page's monotonic clock, in milliseconds. */
  readonly now: () => number;
  readonly begin: (
    start: DeviceStart,
  ) => Promise<{ readonly accountId: string; readonly deviceId: number } | null>;
  readonly answer: (request: Request) => Promise<{ readonly value: unknown } | { readonly refusal: string }>;
};

/** What that process offers to the page, as functions of these names. */
export type ChaosPageHost = {
  /** Writes down a line that happened at this time of the page's clock; resolves when it is there. */
  readonly writeLine: (at: number, happening: Happening) => Promise<void>;
  /** Ends the browser's process. */
  readonly die: () => Promise<void>;
};
