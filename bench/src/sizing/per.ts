import type { Figure } from '../figure.ts';
import type { DatabaseSize } from '../servers/database-size.ts';
import { ROLES, type ByRole, type Role, type Usage } from '../servers/cluster-meter.ts';

/** Turns what was measured with some users or messages into figures for a round number of them. */
export type Per = {
  readonly cpu: (what: string, seconds: ByRole<number>) => Figure[];
  readonly disk: (what: string, bytes: number) => Figure;
  /** What of the files is live data, where the engine tells. */
  readonly liveData: (what: string, after: DatabaseSize, before: DatabaseSize) => Figure[];
  readonly memory: (what: string, mb: number) => Figure;
};

const BYTES_PER_MB = 1e6;

/** `things` names what there are `measured` of, such as `users`. Figures that are extrapolated say so. */
export const per = (count: number, things: string, measured: number): Per => {
  const basis = measured === count ? '' : ` (extrapolated from ${measured.toLocaleString('en')})`;
  const nameOf = (what: string): string => `${count.toLocaleString('en')} ${things}${basis}, ${what}`;
  const scaled = (value: number): number => (value * count) / measured;
  const disk = (what: string, bytes: number): Figure => ({
    name: nameOf(what),
    unit: 'MB',
    value: scaled(bytes) / BYTES_PER_MB,
  });
  return {
    cpu: (what, seconds) =>
      ROLES.flatMap((role): Figure[] => {
        const value = seconds.get(role);
        if (value === undefined) return [];
        return [{ name: `${nameOf(what)}: CPU of one ${role}`, unit: 's', value: scaled(value) }];
      }),
    disk,
    liveData: (what, after, before) =>
      after.activeBytes === null || before.activeBytes === null
        ? []
        : [disk(what, after.activeBytes - before.activeBytes)],
    memory: (what, mb) => ({ name: nameOf(what), unit: 'MB', value: scaled(mb) }),
  };
};

/**
 * Processor time beyond what the same processes use in as much time at rest. A role whose share cannot be told from
 * rest is missing.
 */
export const beyondRest = (usage: Usage, rest: Usage): ByRole<number> => {
  const atRest = (role: Role): number => (rest.cpuSeconds.get(role) ?? 0) / rest.seconds;
  return new Map(
    [...usage.cpuSeconds]
      .map(([role, seconds]) => [role, seconds - atRest(role) * usage.seconds] as const)
      .filter(([, seconds]) => seconds > 0),
  );
};
