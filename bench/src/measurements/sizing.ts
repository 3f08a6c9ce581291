import type { Figure } from '../figure.ts';
import type { Measurement } from '../measurement.ts';
import { ROLES } from '../servers/cluster-meter.ts';
import { measureMessages } from '../sizing/measure-messages.ts';
import { measureUsers } from '../sizing/measure-users.ts';
import { openStage } from '../sizing/stage.ts';

/** What users and messages cost a server: processor time, memory and disk of each process of a cluster. */
export const sizing: Measurement = {
  name: 'sizing',
  run: async (bench) => {
    await using stage = await openStage(bench);
    const { figures: ofUsers, rest } = await measureUsers(bench, stage);
    const ofMessages = await measureMessages(bench, stage, rest);
    const memory = await stage.meter.memory();
    const ofMemory = ROLES.flatMap((role): Figure[] => {
      const used = memory.get(role);
      if (used === undefined) return [];
      const peer = { name: 'at the end', value: used.nowMb };
      return [{ name: `most memory of one ${role}`, unit: 'MB', value: used.peakMb, peer }];
    });
    return [...ofUsers, ...ofMessages, ...ofMemory];
  },
};
