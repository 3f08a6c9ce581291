import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HTTP_PORT = 18_080;
const HTTPS_PORT = 18_443;

export type Run = { readonly code: number | null; readonly out: string; readonly err: string };

/** Options of scripts/deploy for the CouchDB under test: an image of COMPOSE_COUCHDB, or else the embedded server. */
export const COUCHDB = ['--couchdb', process.env['COMPOSE_COUCHDB'] ?? 'embedded'] as const;

/** The name of one of several servers on this engine: an address of its own. */
export const serverName = (number: number): string => `10.77.0.${number}`;

const SERVERS = [1, 2, 3, 4];
/** Until then the address of one that is gone refuses connections. */
export const freeServerNames = (): void => {
  for (const number of SERVERS)
    spawnSync('ip', ['address', 'delete', `${serverName(number)}/32`, 'dev', 'lo']);
};

/** A copy of these sources, deployed from there; everything of it is gone when it is disposed, as if a server had burned. */
export type Deployment = AsyncDisposable & {
  readonly folder: string;
  readonly origin: string;
  readonly httpOrigin: string;
  /** Runs scripts/deploy. `stopAt`: kills it as soon as it has printed this. */
  readonly deploy: (args?: readonly string[], stopAt?: string) => Promise<Run>;
  /** Runs another script of `scripts`. */
  readonly run: (script: string, args: readonly string[]) => Promise<Run>;
  /** Runs scripts/deploy at a terminal that has these lines typed into it; `err` is in `out`. */
  readonly atTerminal: (args: readonly string[], lines: readonly string[]) => Promise<Run>;
  readonly docker: (...args: readonly string[]) => string;
  /** docker-compose with the files and settings of the deployment. */
  readonly compose: (...args: readonly string[]) => string;
  /** The address of this machine in one of its networks. */
  readonly gateway: (network: string) => string;
  /** The name of the container of a service. */
  readonly container: (service: string) => string;
  /** `http://host:port` of a mailbox node or the master on the inner network. */
  readonly url: (service: string) => string;
  /** Where the data of a CouchDB is on this machine. */
  readonly dataFolder: (couchdb: string) => string;
  /** `healthy`, `unhealthy` or `starting`. */
  readonly health: (service: string) => string;
  /** The services that have a container. */
  readonly services: () => readonly string[];
  /** Kills all its containers at once. */
  readonly kill: () => void;
};

const copySources = (folder: string): void => {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  for (const file of files.split('\n').filter((name) => name !== '' && existsSync(join(ROOT, name)))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(ROOT, file), join(folder, file));
  }
};

/** What a server has for itself where several are on one engine. */
const settingsOf = (number: number): string => `BIND=${serverName(number)}:
EDGE_SUBNET=172.29.${number}.0/24
EDGE_SUBNET_IPV6=fd4a:7265:7374:${number}::/64
`;

/** `server`: the number of one of several servers, each with an address of its own. Needs root. */
export const startDeployment = (server?: number): Deployment => {
  const folder = mkdtempSync(join(tmpdir(), 'restante-deployment-'));
  const project = folder.split('-').at(-1)?.toLowerCase() ?? '';
  const environment = { ...process.env, COMPOSE_PROJECT_NAME: project };
  copySources(folder);
  if (server !== undefined) {
    execFileSync('ip', ['address', 'replace', `${serverName(server)}/32`, 'dev', 'lo']);
    writeFileSync(join(folder, '.env'), settingsOf(server));
  }
  const ports =
    server === undefined ? ['--http-port', String(HTTP_PORT), '--https-port', String(HTTPS_PORT)] : [];

  const docker = (...args: readonly string[]): string =>
    execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  const listed = (what: 'ps' | 'volume' | 'network', ...format: readonly string[]): string[] => {
    const list = what === 'ps' ? ['ps', '--all'] : [what, 'ls'];
    const filter = ['--filter', `label=com.docker.compose.project=${project}`];
    return docker(...list, ...filter, ...format)
      .split('\n')
      .filter((line) => line !== '');
  };
  const format = (field: string): string[] => ['--format', `{{${field}}}`];

  const container = (service: string): string => {
    const label = `label=com.docker.compose.service=${service}`;
    const found = listed('ps', '--filter', label, ...format('.Names'));
    if (found[0] === undefined) throw new Error(`${service} has no container`);
    return found[0];
  };
  const inspect = (service: string, what: string): string =>
    docker('inspect', '--format', `{{${what}}}`, container(service));

  const run = async (script: string, args: readonly string[], stopAt?: string): Promise<Run> => {
    const child = spawn(`scripts/${script}`, args, {
      cwd: folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      // The whole group: what it has started too.
      if (stopAt !== undefined && printed.includes(stopAt)) process.kill(-(child.pid ?? 0), 'SIGKILL');
    });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { code: child.exitCode, out, err };
  };

  return {
    folder,
    origin: server === undefined ? `https://localhost:${HTTPS_PORT}` : `https://${serverName(server)}`,
    httpOrigin: server === undefined ? `http://localhost:${HTTP_PORT}` : `http://${serverName(server)}`,
    docker,
    deploy: (args = [], stopAt) => run('deploy', ['--yes', ...ports, ...args], stopAt),
    run: (script, args) => run(script, args),
    atTerminal: async (args, lines) => {
      const child = spawn(
        'script',
        ['--quiet', '--return', '--command', `scripts/deploy ${args.join(' ')}`, '/dev/null'],
        {
          cwd: folder,
          env: environment,
          stdio: ['pipe', 'pipe', 'pipe'],
        },
      );
      child.stdin.end(lines.map((line) => `${line}\n`).join(''));
      const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
      return { code: child.exitCode, out, err };
    },
    compose: (...args) => {
      const hasPlugin = spawnSync('docker', ['compose', 'version']).status === 0;
      const program = hasPlugin ? 'docker' : 'docker-compose';
      const whole = [
        ...(hasPlugin ? ['compose'] : []),
        '--project-name',
        project,
        '--file',
        'docker-compose.prod.yml',
        ...args,
      ];
      return execFileSync(program, whole, {
        cwd: folder,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    },
    gateway: (network) =>
      docker('network', 'inspect', ...format('(index .IPAM.Config 0).Gateway'), `${project}_${network}`),
    container,
    url: (service) => {
      const address = inspect(service, `(index .NetworkSettings.Networks "${project}_services").IPAddress`);
      return `http://${address}:${service === 'master' ? 3000 : 3001}`;
    },
    dataFolder: (couchdb) => docker('volume', 'inspect', ...format('.Mountpoint'), `${project}_${couchdb}`),
    health: (service) => inspect(service, '.State.Health.Status'),
    services: () => listed('ps', ...format('.Label "com.docker.compose.service"')).sort(),
    kill: () => docker('kill', ...listed('ps', '--filter', 'status=running', ...format('.ID'))),
    [Symbol.asyncDispose]: async () => {
      const remove = (what: string[], ids: string[]): unknown => ids.length > 0 && docker(...what, ...ids);
      remove(['rm', '--force', '--volumes'], listed('ps', ...format('.ID')));
      remove(['volume', 'rm'], listed('volume', ...format('.Name')));
      remove(['network', 'rm'], listed('network', ...format('.ID')));
      rmSync(folder, { recursive: true, force: true });
      await Promise.resolve();
    },
  };
};
