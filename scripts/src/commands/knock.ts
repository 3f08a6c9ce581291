import { readEnvironment } from '@restante/service-kit';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readOptions, type Command } from '../cli/command.ts';
import { knockAtDoor } from '../state/door.ts';

const options = z.strictObject({ server: z.enum(['1', '2', '3']) });
const address = z
  .string()
  .regex(/^[^:]+:[0-9]{1,5}$/, 'needs host:port')
  .optional();
const environment = z.object({
  CELL_DIR: z.string(),
  PEER1_ADDRESS: address,
  PEER2_ADDRESS: address,
  PEER3_ADDRESS: address,
});

export const knock: Command = {
  summary: 'whether the mailbox node of another server answers through the door there',
  help: `
Usage: node scripts/src/main.ts knock --server <number>

  --server  which server: 1, 2 or 3

  CELL_DIR               folder with ca.pem, certificate.pem and key.pem of this server
  PEER1_ADDRESS, ...     host:port of the servers' doors

Exit code: 0 its node is ready, 1 it is not (the reason is told), 2 bad options or environment.
`,
  run: async ({ args, environment: variables, print }) => {
    const { server } = readOptions(args, { server: { type: 'string' } }, options);
    const read = readEnvironment(environment, variables);
    const file = (name: string): Buffer => readFileSync(join(read.CELL_DIR, name));
    const found = await knockAtDoor({
      server: Number(server),
      address: read[`PEER${server}_ADDRESS`] ?? '',
      ca: file('ca.pem'),
      certificate: file('certificate.pem'),
      key: file('key.pem'),
    });
    print(`server ${server}: ${found}`);
    return found === 'ready' ? 0 : 1;
  },
};
