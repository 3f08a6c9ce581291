import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { findProgram } from '@restante/scripts/find-program';

/**
 * Machines of a test: network namespaces at one switch, which has a namespace of its own. What is between two of them happens at the
 * switch; this process is a neighbour of all of them, and is never cut off.
 */
export type MachineNetwork = AsyncDisposable & {
  readonly machines: readonly Machine[];
  /** Packets from one machine to another (1 …) are lost, and nobody is told. */
  readonly cut: (from: number, to: number) => Promise<Mend>;
  /** Packets between this process, with all that it starts, and a port of a machine are lost, and nobody is told. */
  readonly hide: (machine: number, port: number) => Promise<Mend>;
  /** Each packet between two machines is lost with this probability. */
  readonly lose: (one: number, other: number, percent: number) => Promise<Mend>;
  /** Each packet between machines comes so much later, if {@link delayHindrance} says nothing. */
  readonly delay: (milliseconds: number) => Promise<Mend>;
  /** Packets that were lost by `cut` and `lose` since the network was whole. */
  readonly lost: () => Promise<number>;
  /** Nothing is lost any more, or late. */
  readonly heal: () => Promise<void>;
};

/** Undoes what was done to the network; nothing is left to do once it was healed. */
export type Mend = () => Promise<void>;

/** One that undoes several things. */
export const mendAll =
  (mends: readonly Mend[]): Mend =>
  async () => {
    for (const mend of mends) await mend();
  };

export type Machine = {
  /** IPv4, for this process and for the other machines. */
  readonly address: string;
  /** What starts a program on the machine. */
  readonly within: readonly string[];
  /** Ends all of its processes at once, by SIGKILL. */
  readonly kill: () => Promise<void>;
};

const exec = promisify(execFile);
/** Keeps the exit code to itself. */
const attempt = (program: string, ...args: readonly string[]): Promise<string> =>
  exec(program, [...args]).then(
    ({ stdout }) => stdout,
    () => '',
  );
const run = async (program: string, ...args: readonly string[]): Promise<string> => {
  const path = findProgram(program);
  if (path === null) throw new Error(`no ${program}: install it (node scripts/ensure-packages.mjs servers)`);
  return (await exec(path, [...args])).stdout;
};
const ip = (...args: readonly string[]): Promise<string> => run('ip', ...args);

/** So that a silent end is noticed, as nginx/tunnel/README.md has it for production. */
const SYSCTLS = {
  tcp_keepalive_time: 10,
  tcp_keepalive_intvl: 5,
  tcp_keepalive_probes: 3,
  tcp_retries2: 6,
};

const PREFIX = 'restante-servers-';
const namespacesOf = (pid: number): string => `${PREFIX}${pid}-`;

const pidsIn = async (namespace: string): Promise<number[]> =>
  (await ip('netns', 'pids', namespace)).split('\n').filter(Boolean).map(Number);

const killAllIn = async (namespace: string): Promise<void> => {
  // Whoever is being started may start another one.
  for (let pids = await pidsIn(namespace); pids.length > 0; pids = await pidsIn(namespace)) {
    await attempt('kill', '-KILL', ...pids.map(String));
  }
};

const remove = async (namespace: string): Promise<void> => {
  await killAllIn(namespace);
  await ip('netns', 'delete', namespace);
  await rm(`/etc/netns/${namespace}`, { recursive: true, force: true });
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** What was left by a process that could not clean up. */
const removeForsaken = async (): Promise<void> => {
  for (const line of (await ip('netns', 'list')).split('\n')) {
    const [namespace = ''] = line.split(' ');
    if (!namespace.startsWith(PREFIX)) continue;
    const owner = Number(namespace.slice(PREFIX.length).split('-')[0]);
    if (!isAlive(owner)) await remove(namespace);
  }
};

/** Why this process cannot have network namespaces, or null when it can. */
export const namespaceHindrance = async (): Promise<string | null> => {
  const namespace = `${namespacesOf(process.pid)}probe`;
  try {
    await ip('netns', 'add', namespace);
    await ip('netns', 'delete', namespace);
    await run('nft', '--version');
    return null;
  } catch (error) {
    return `there are no network namespaces here: ${error instanceof Error ? error.message.trim() : ''}`;
  }
};

/** Why packets cannot come late here, or null when they can. */
export const delayHindrance = async (): Promise<string | null> => {
  const namespace = `${namespacesOf(process.pid)}probe`;
  await ip('netns', 'add', namespace);
  try {
    await run('tc', '-n', namespace, 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms');
    return null;
  } catch {
    return 'this kernel has no netem';
  } finally {
    await ip('netns', 'delete', namespace);
  }
};

const between = (port: number): string => `
table bridge servers {
  chain faults {
  }
  chain hidden {
  }
  chain forward {
    type filter hook forward priority 0; policy accept;
    jump hidden
    jump faults
    ip protocol icmp accept
    tcp dport ${port} accept
    tcp sport ${port} accept
    ether type ip drop
  }
}`;

/**
 * `namesOf`: the names that a machine knows, by address, as in /etc/hosts. Between machines there is the port alone; this process
 * reaches all of them.
 */
export const openMachineNetwork = async (
  count: number,
  port: number,
  namesOf: (machine: number) => Readonly<Record<string, readonly string[]>>,
): Promise<MachineNetwork> => {
  await removeForsaken();
  const cleanup = new AsyncDisposableStack();
  try {
    const network = `10.${randomInt(64, 250)}.${randomInt(1, 250)}`;
    const own = `${network}.254`;
    const addNamespace = async (name: string): Promise<string> => {
      const namespace = namespacesOf(process.pid) + name;
      await ip('netns', 'add', namespace);
      cleanup.defer(() => remove(namespace));
      await ip('-n', namespace, 'link', 'set', 'lo', 'up');
      return namespace;
    };
    const bridge = await addNamespace('switch');
    await ip('-n', bridge, 'link', 'add', 'switch', 'type', 'bridge');
    await ip('-n', bridge, 'link', 'set', 'switch', 'up');
    const plug = async (device: string): Promise<void> => {
      await ip('-n', bridge, 'link', 'set', device, 'master', 'switch', 'up');
    };

    const device = `rs${process.pid}`;
    await ip('link', 'add', device, 'type', 'veth', 'peer', 'name', 'tests', 'netns', bridge);
    cleanup.defer(async () => {
      await attempt('ip', 'link', 'delete', device);
    });
    await ip('address', 'add', `${own}/24`, 'dev', device);
    await ip('link', 'set', device, 'up');
    await plug('tests');

    const machines: Machine[] = [];
    for (let number = 1; number <= count; number += 1) {
      const address = `${network}.${number}`;
      const namespace = await addNamespace(String(number));
      await mkdir(`/etc/netns/${namespace}`, { recursive: true });
      const names = Object.entries({ '127.0.0.1': ['localhost'], ...namesOf(number) });
      const hosts = names.map(([at, known]) => `${at} ${known.join(' ')}\n`).join('');
      await writeFile(`/etc/netns/${namespace}/hosts`, hosts.replaceAll('OWN', address));
      const port = `machine${number}`;
      await ip(
        'link',
        'add',
        port,
        'netns',
        bridge,
        'type',
        'veth',
        'peer',
        'name',
        'eth0',
        'netns',
        namespace,
      );
      await plug(port);
      await ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0');
      await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
      const within = [findProgram('ip') ?? 'ip', 'netns', 'exec', namespace];
      for (const [name, value] of Object.entries(SYSCTLS)) {
        await ip('netns', 'exec', namespace, 'sh', '-c', `echo ${value} >/proc/sys/net/ipv4/${name}`);
      }
      machines.push({ address, within, kill: () => killAllIn(namespace) });
    }
    const filter = (...command: readonly string[]): Promise<string> =>
      run('ip', 'netns', 'exec', bridge, findProgram('nft') ?? 'nft', ...command);
    // From and to this process everything passes.
    await filter(
      between(port).replace(
        'jump faults',
        `ip saddr ${own} accept\n    ip daddr ${own} accept\n    jump faults`,
      ),
    );
    const addressOf = (number: number): string => `${network}.${number}`;
    let heals = 0;
    const add = async (chain: string, ...rule: readonly string[]): Promise<Mend> => {
      const told = await filter('--echo', '--handle', 'add', 'rule', 'bridge', 'servers', chain, ...rule);
      const [, handle = ''] = /# handle (\d+)/.exec(told) ?? [];
      const times = heals;
      return async () => {
        if (heals === times) await filter('delete', 'rule', 'bridge', 'servers', chain, 'handle', handle);
      };
    };

    const fault = (from: number, to: number, ...what: readonly string[]): Promise<Mend> =>
      add('faults', 'ip', 'saddr', addressOf(from), 'ip', 'daddr', addressOf(to), ...what);
    const hurry = async (): Promise<void> => {
      for (let number = 1; number <= count; number += 1) {
        await attempt('tc', '-n', bridge, 'qdisc', 'delete', 'dev', `machine${number}`, 'root');
      }
    };
    const done = cleanup.move();

    return {
      machines,
      cut: (from, to) => fault(from, to, 'counter', 'drop'),
      hide: async (number, of) => {
        const there = ['ip', 'saddr', own, 'ip', 'daddr', addressOf(number), 'tcp', 'dport', String(of)];
        const back = ['ip', 'saddr', addressOf(number), 'ip', 'daddr', own, 'tcp', 'sport', String(of)];
        return mendAll([await add('hidden', ...there, 'drop'), await add('hidden', ...back, 'drop')]);
      },
      lose: async (one, other, percent) => {
        const some = [
          'numgen',
          'random',
          'mod',
          '1000',
          '<',
          String(Math.round(percent * 10)),
          'counter',
          'drop',
        ];
        return mendAll([await fault(one, other, ...some), await fault(other, one, ...some)]);
      },
      delay: async (milliseconds) => {
        // Half of it at each end of the way.
        const late = ['netem', 'delay', `${milliseconds / 2}ms`];
        for (let number = 1; number <= count; number += 1) {
          await run('tc', '-n', bridge, 'qdisc', 'replace', 'dev', `machine${number}`, 'root', ...late);
        }
        return hurry;
      },
      lost: async () => {
        const rules = await filter('list', 'chain', 'bridge', 'servers', 'faults');
        return [...rules.matchAll(/counter packets (\d+)/g)].reduce(
          (sum, [, count]) => sum + Number(count),
          0,
        );
      },
      heal: async () => {
        heals += 1;
        for (const chain of ['faults', 'hidden']) await filter('flush', 'chain', 'bridge', 'servers', chain);
        await hurry();
      },
      [Symbol.asyncDispose]: () => done.disposeAsync(),
    };
  } catch (error) {
    await cleanup.disposeAsync();
    throw error;
  }
};
