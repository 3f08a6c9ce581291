import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@restante/testkit';

export const MONITORING = fileURLToPath(new URL('../../monitoring/', import.meta.url));

export type RuleOfPrometheus = {
  readonly type: 'alerting' | 'recording';
  readonly name: string;
  readonly query: string;
  readonly health: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
};

/** A real Prometheus that runs `monitoring/prometheus.yml`. */
export type Prometheus = AsyncDisposable & {
  /** What the API answers as `data`. Throws what Prometheus says is wrong. */
  readonly api: (path: string, query?: Readonly<Record<string, string>>) => Promise<unknown>;
  readonly rules: () => Promise<RuleOfPrometheus[]>;
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

/** `targets`: where what the file calls `master:3000` and so on is here. It scrapes each second. */
export const startPrometheus = async (targets: Readonly<Record<string, string>>): Promise<Prometheus> => {
  const cleanup = new AsyncDisposableStack();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'restante-prometheus-'));
    cleanup.defer(() => rm(folder, { recursive: true, force: true }));
    await cp(MONITORING, folder, { recursive: true });
    const config = join(folder, 'prometheus.yml');
    let text = (await readFile(config, 'utf8')).replaceAll(
      /^ {2}(scrape|evaluation)_(interval|timeout): .*$/gm,
      '  $1_$2: 1s',
    );
    // There is no DNS that knows containers.
    text = text.replaceAll(
      /dns_sd_configs:\n +- names: \[(\w+)\]\n +type: A\n +port: (\d+)/g,
      'static_configs:\n      - targets: [$1:$2]',
    );
    for (const [name, address] of Object.entries(targets)) text = text.replaceAll(name, address);
    await writeFile(config, text);

    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn(
      'prometheus',
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=${address}`,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const exited = once(child, 'exit');
    cleanup.defer(async () => {
      child.kill('SIGKILL');
      await exited;
    });
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (complaints += chunk));

    const api: Prometheus['api'] = async (path, query = {}) => {
      const answer = await fetch(`http://${address}/api/v1/${path}?${new URLSearchParams(query).toString()}`);
      const body = (await answer.json()) as { status: string; error?: string; data: unknown };
      if (body.status !== 'success') throw new Error(body.error);
      return body.data;
    };
    await waitFor('Prometheus', async () => {
      if (child.exitCode !== null) throw new Error(complaints);
      return (await fetch(`http://${address}/-/ready`)).ok;
    });
    return {
      api,
      rules: async () => {
        const { groups } = (await api('rules')) as { groups: { rules: RuleOfPrometheus[] }[] };
        return groups.flatMap(({ rules }) => rules);
      },
      [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
    };
  } catch (error) {
    await cleanup.disposeAsync();
    throw error;
  }
};
