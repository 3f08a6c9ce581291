import { Counter, createRegistry, Gauge } from '@restante/service-kit';
import { connectionsOf, isServing, type CellState } from './cell-state.ts';
import type { ServerState } from './server-state.ts';

/** Metrics of a watch. What servers tell is read at the moment of a scrape. */
export const createMetrics = (cell: () => Promise<CellState>, own: () => Promise<ServerState>) => {
  const registry = createRegistry('watch');
  const registers = [registry];
  const logins = new Counter({
    name: 'watch_logins_total',
    help: 'Attempts to log in as the operator',
    labelNames: ['result'],
    registers,
  });
  for (const result of ['accepted', 'refused']) logins.inc({ result }, 0);
  new Gauge({
    name: 'watch_server_up',
    help: 'Whether people can use a server of the cell',
    labelNames: ['server'],
    registers,
    async collect() {
      for (const server of (await cell()).servers)
        this.set({ server: server.name }, isServing(server) ? 1 : 0);
    },
  });
  new Gauge({
    name: 'watch_server_connections',
    help: 'Open WebSockets at a server of the cell; none while it does not answer',
    labelNames: ['server'],
    registers,
    async collect() {
      this.reset();
      for (const server of (await cell()).servers) {
        const connections = connectionsOf(server);
        if (connections !== null) this.set({ server: server.name }, connections);
      }
    },
  });
  new Gauge({
    name: 'watch_certificate_shown',
    help: 'Whether this server shows a certificate to those whom it is for',
    labelNames: ['certificate'],
    registers,
    async collect() {
      for (const { name, notAfterMs } of (await own()).certificates)
        this.set({ certificate: name }, notAfterMs === null ? 0 : 1);
    },
  });
  new Gauge({
    name: 'watch_certificate_not_after_seconds',
    help: 'When the certificate that was last shown ends, in Unix time',
    labelNames: ['certificate'],
    registers,
    async collect() {
      for (const { name, notAfterMs } of (await own()).certificates)
        if (notAfterMs !== null) this.set({ certificate: name }, notAfterMs / 1000);
    },
  });
  return { registry, logins };
};
