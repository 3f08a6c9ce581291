import { directoryDatabase } from '@restante/protocol';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure } from '../figure.ts';
import type { Bench } from '../measurement.ts';
import { ROLES, type Usage } from '../servers/cluster-meter.ts';
import { anonymousMemoryMb } from '@restante/testkit';
import { beyondRest, per } from './per.ts';
import type { Stage } from './stage.ts';

const DIRECTORY = directoryDatabase();
const MINUTE_MS = 60_000;

/** Accounts, their connections, and the cluster at rest with all of them connected. They stay connected. */
export const measureUsers = async (
  { size: { users }, minutes, progress }: Bench,
  { cluster, crowd, meter, ...stage }: Stage,
): Promise<{ figures: readonly Figure[]; rest: Usage }> => {
  const perThousand = per(1_000, 'users', users);
  const [master] = cluster.masters;
  const masterMemoryMb = async (): Promise<number> => anonymousMemoryMb(master!.pid!);

  progress(`  registering ${users}`);
  const empty = await stage.sizeOf(DIRECTORY);
  const registering = await meter.start();
  await crowd.run({ kind: 'register', masterUrl: cluster.masterUrl, count: users });
  await stage.settled(DIRECTORY);
  const registered = await registering();
  const full = await stage.sizeOf(DIRECTORY);
  const whileRegistering = (await meter.memory()).get('master');
  await stage.compact(DIRECTORY);
  const compacted = await stage.sizeOf(DIRECTORY);

  progress('  connecting them');
  // What registering has left in its heap is not what connections take.
  await master!.restart();
  const withoutConnectionsMb = await masterMemoryMb();
  const connecting = await meter.start();
  await crowd.run({ kind: 'connect', who: 'senders' });
  await crowd.run({ kind: 'connect', who: 'recipients' });
  const connected = await connecting();

  progress(`  at rest for ${minutes} min`);
  const resting = await meter.start();
  await sleep(minutes * MINUTE_MS);
  const rest = await resting();
  const withConnectionsMb = await masterMemoryMb();

  const atRest = ROLES.flatMap((role): Figure[] => {
    const seconds = rest.cpuSeconds.get(role);
    if (seconds === undefined) return [];
    const name = `${users.toLocaleString('en')} users connected, at rest: CPU of one ${role}, of one core`;
    return [{ name, unit: '%', value: (100 * seconds) / rest.seconds }];
  });
  return {
    rest,
    figures: [
      ...perThousand.cpu('registration', beyondRest(registered, rest)),
      {
        name: 'most memory of the master while people register',
        unit: 'MB',
        value: whileRegistering?.peakMb ?? 0,
      },
      perThousand.disk('directory on each disk', full.fileBytes - empty.fileBytes),
      ...perThousand.liveData('directory on each disk, live data', full, empty),
      perThousand.disk('directory on each disk, compacted', compacted.fileBytes - empty.fileBytes),
      ...perThousand.cpu('connecting', beyondRest(connected, rest)),
      { name: 'memory of the master without connections', unit: 'MB', value: withoutConnectionsMb },
      perThousand.memory(
        'memory of the master for their connections',
        withConnectionsMb - withoutConnectionsMb,
      ),
      ...atRest,
    ],
  };
};
