import { fileURLToPath } from 'node:url';
import { findChromium } from '@restante/scripts/find-chromium';
import { buildPage, startSite } from '@restante/testkit/browser';
import type { ChaosCluster } from './chaos-cluster.ts';
import { startOneMachine } from './one-machine.ts';
import { startThreeServers } from './three-servers.ts';

/** What many runs share: each has people of its own on it. */
export type Stage = AsyncDisposable & {
  readonly cluster: ChaosCluster;
  /** Where the page is served of those who are in a browser; null: there is no Chromium. */
  readonly page: string | null;
  /** More variables of the processes of devices. */
  readonly deviceEnvironment: Readonly<Record<string, string>>;
  /** What cannot take part on this machine, in sentences. */
  readonly missing: readonly string[];
  /** Tells of services that end though nobody has asked them to, until it is disposed of. */
  readonly onCrash: (tell: (who: string, how: string) => void) => Disposable;
};

export type StageOptions = {
  /** One: processes of this machine. Three: a cell of servers. */
  readonly servers?: 1 | 3;
  /** On one server alone. */
  readonly masters?: number;
  /** Everybody is in Node. */
  readonly withoutBrowser?: boolean;
  /** More variables of services and devices. */
  readonly environment?: Readonly<Record<string, string>>;
};

const PAGE = fileURLToPath(new URL('../people/page/', import.meta.url));

export const startStage = async ({
  servers = 1,
  masters = 1,
  withoutBrowser = false,
  environment = {},
}: StageOptions = {}): Promise<Stage> => {
  const cleanup = new AsyncDisposableStack();
  try {
    const listeners = new Set<(who: string, how: string) => void>();
    const hasChromium = !withoutBrowser && findChromium() !== null;
    const site = hasChromium ? cleanup.use(await startSite(await buildPage(PAGE))) : null;
    const given = {
      environment,
      onCrash: (who: string, how: string): void => listeners.forEach((tell) => tell(who, how)),
    };
    const cluster = cleanup.use(
      await (servers === 3 ? startThreeServers(given) : startOneMachine({ ...given, masters })),
    );
    return {
      cluster,
      page: site?.url ?? null,
      deviceEnvironment: environment,
      missing: [
        ...cluster.missing,
        ...(hasChromium || withoutBrowser
          ? []
          : ['there is no Chromium: everybody is in Node (see CHROMIUM_PATH)']),
      ],
      onCrash: (tell) => {
        listeners.add(tell);
        return { [Symbol.dispose]: () => void listeners.delete(tell) };
      },
      [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
    };
  } catch (error) {
    await cleanup.disposeAsync();
    throw error;
  }
};
