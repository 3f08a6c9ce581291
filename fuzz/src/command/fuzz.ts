import { clusterCouchUrls, type Command } from '@restante/scripts/cli';
import { readEnvironment } from '@restante/service-kit';
import { z } from 'zod';
import { run } from '../run/run.ts';
import { startStage } from '../stage/stage.ts';
import { HELP, readFuzzOptions } from './options.ts';
import { reportResult, resultAsJson } from './report.ts';

const environment = z.object({ COUCHDB_URLS: clusterCouchUrls.optional() });

export const fuzz: Command = {
  summary: 'sends what nobody should send at every endpoint and frame, while two people talk',
  help: HELP,
  run: async ({ args, environment: variables, print, complain, signal }) => {
    const options = readFuzzOptions(args);
    readEnvironment(environment, variables);
    await using stage = await startStage();
    const result = await run(stage, options, (done) => complain(`${done} inputs`), signal);
    const { seed, again } = options;
    if (options.json) print(JSON.stringify(resultAsJson(result, seed, again)));
    else reportResult(result, seed, again).forEach((line) => print(line));
    return result.findings.length === 0 ? 0 : 1;
  },
};
