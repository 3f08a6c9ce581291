import { clusterContract } from '@restante/master-node/cluster-contract';
import { afterAll, beforeAll } from 'vitest';
import { ScriptedServer } from './scripted-server.ts';

let server: ScriptedServer;
beforeAll(async () => {
  server = await ScriptedServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

clusterContract('the scripted cluster', () => ({
  masterUrl: server.url,
  nodeUrls: server.nodes.map((_, node) => `${server.url}/nodes/${node}`),
}));
