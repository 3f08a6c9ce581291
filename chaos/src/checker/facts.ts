import type {
  DeviceName,
  DeviceState,
  Line,
  LineOf,
  OperationArguments,
  Reference,
} from '../history/line.ts';

/** What a history says, put in order for the laws that are checked. */

export type PutBack = { readonly at: number; readonly copiedAt: number };

export type Device = {
  readonly name: DeviceName;
  readonly accountId: string;
  readonly enrolledAt: number;
  /** From here on it need not have anything: it signs out, is removed, or its account ends. `Infinity`: it stays. */
  readonly leavesAt: number;
  readonly putBacks: readonly PutBack[];
  /** All that its messenger told, in order. */
  readonly told: readonly LineOf<'told'>[];
  /** Of these, what the vault knows that it has in the end: without what was told and then put back. */
  readonly lineage: readonly LineOf<'told'>[];
  /** What it held in the end, if it was asked. */
  readonly state: DeviceState | null;
};

/** An operation from its start to its end. */
export type Done = {
  readonly device: Device;
  readonly name: string;
  readonly args: OperationArguments;
  readonly invokedAt: number;
  /** `Infinity`: it threw, or the process ended before it said so. Then it may have happened or not. */
  readonly returnedAt: number;
  readonly message: Reference | null;
};

export type Facts = {
  readonly lines: readonly Line[];
  readonly devices: readonly Device[];
  readonly devicesOf: (accountId: string) => readonly Device[];
  readonly operations: readonly Done[];
  /** Operations of one name, by what they were about. */
  readonly named: (...names: readonly string[]) => readonly Done[];
  /** When an account was asked to end; `Infinity`: never. */
  readonly endsAt: (accountId: string) => number;
  /** When CouchDBs lost mail: with their data folders, or by whoever has them. */
  readonly disksLostAt: readonly number[];
  /** From when on clocks of services may have been further apart than they may be; `Infinity`: never. */
  readonly clocksApartAt: number;
  /** From when on any clock may have been wrong, if only by seconds; `Infinity`: never. */
  readonly clocksWrongAt: number;
  /** From when on one of the nodes withholds mail; `Infinity`: never. */
  readonly withheldAt: number;
  /** Ids of envelopes that somebody has written over in a CouchDB: they have more revisions than one for good. */
  readonly overwritten: ReadonlySet<string>;
};

/**
 * Accounts that this one has blocked at some time: what they send is dropped. One device may have let them in again when another
 * had not.
 */
export const blockedBy = (facts: Facts, accountId: string): ReadonlySet<string | undefined> =>
  new Set(
    facts
      .named('standing')
      .flatMap(({ device, args }) =>
        device.accountId === accountId && args.standing === 'blocked' ? [args.to] : [],
      ),
  );

/** Whether a device was told something in a time that was taken from its vault. */
export const isLostWithVault = ({ putBacks }: Device, toldAt: readonly number[]): boolean =>
  putBacks.some(({ copiedAt, at }) => toldAt.some((told) => told > copiedAt && told < at));

export const keyOf = ({ author, id }: Reference): string => `${author} ${id}`;

const SETS_CLOCKS_APART = new Set(['service-clock-far-off', 'service-clock-steps-far', 'node-clocks-ahead']);
const SETS_CLOCKS = /^(?:service|device)-clock-|^node-clocks-/;
const LOSES_AT_ONCE = new Set(['lost-data', 'server-burned', 'mail-withheld']);
const LOSES_IN_THE_END = new Set(['lost-mail-while-away', 'mail-brought-back']);
const ENDS_DEVICE = new Set(['sign-out', 'delete-account']);

export const factsOf = (unordered: readonly Line[]): Facts => {
  const lines = unordered.toSorted((a, b) => a.at - b.at);
  const of = <T extends Line['type']>(type: T): LineOf<T>[] =>
    lines.filter((line): line is LineOf<T> => line.type === type);

  const invoked = of('invoked');
  const returned = new Map(of('returned').map((line) => [`${line.device} ${line.operation}`, line]));
  const toldBy = Map.groupBy(of('told'), ({ device }) => device);
  const putBacksOf = Map.groupBy(of('put-back'), ({ device }) => device);
  const states = new Map(of('state').map((line) => [line.device, line.state]));
  const enrolled = of('enrolled');

  const endsAt = (accountId: string): number => {
    const own = new Set(enrolled.filter((line) => line.accountId === accountId).map(({ device }) => device));
    const end = invoked.find(({ device, name }) => name === 'delete-account' && own.has(device));
    return end?.at ?? Infinity;
  };
  const leavesAt = ({ device, accountId, deviceId }: LineOf<'enrolled'>): number => {
    const own = new Set(
      enrolled.filter((line) => line.accountId === accountId).map(({ device: name }) => name),
    );
    const end = invoked.find(
      (line) =>
        (line.device === device && ENDS_DEVICE.has(line.name)) ||
        (own.has(line.device) && line.name === 'remove-device' && line.args.device === deviceId),
    );
    return Math.min(end?.at ?? Infinity, endsAt(accountId));
  };

  const devices = enrolled.map((line): Device => {
    const putBacks = putBacksOf.get(line.device) ?? [];
    const told = toldBy.get(line.device) ?? [];
    return {
      name: line.device,
      accountId: line.accountId,
      enrolledAt: line.at,
      leavesAt: leavesAt(line),
      putBacks,
      told,
      lineage: told.filter(({ at }) => !putBacks.some((back) => at > back.copiedAt && at < back.at)),
      state: states.get(line.device) ?? null,
    };
  });
  const byName = new Map(devices.map((device) => [device.name, device]));
  const byAccount = Map.groupBy(devices, ({ accountId }) => accountId);

  const operations = invoked.flatMap((line): Done[] => {
    const device = byName.get(line.device);
    if (device === undefined) return [];
    const end = returned.get(`${line.device} ${line.operation}`);
    return [
      {
        device,
        name: line.name,
        args: line.args,
        invokedAt: line.at,
        returnedAt: end?.at ?? Infinity,
        message: end?.message ?? line.args.message ?? null,
      },
    ];
  });

  return {
    lines,
    devices,
    devicesOf: (accountId) => byAccount.get(accountId) ?? [],
    operations,
    named: (...names) => operations.filter(({ name }) => names.includes(name)),
    endsAt,
    clocksApartAt: of('fault').find(({ name }) => SETS_CLOCKS_APART.has(name))?.at ?? Infinity,
    clocksWrongAt: of('fault').find(({ name }) => SETS_CLOCKS.test(name))?.at ?? Infinity,
    withheldAt: of('fault').find(({ name }) => name === 'mail-withheld')?.at ?? Infinity,
    overwritten: new Set(
      of('fault')
        .filter(({ name }) => name === 'overwritten')
        .map(({ on }) => on.split(' ')[0] ?? ''),
    ),
    disksLostAt: lines.flatMap((line) =>
      (line.type === 'fault' && LOSES_AT_ONCE.has(line.name)) ||
      (line.type === 'fault-ended' && LOSES_IN_THE_END.has(line.name))
        ? [line.at]
        : [],
    ),
  };
};
