import { createContext } from 'svelte';
import type { Engine } from '../engine/engine.ts';
import { EngineStatus } from './engine-status.svelte.ts';
import { Locale } from './locale.svelte.ts';
import { Router } from './router.svelte.ts';
import { ThemeChoice } from './theme.svelte.ts';

/** What every screen builds on. */
export type App = {
  readonly engine: Engine;
  readonly status: EngineStatus;
  readonly locale: Locale;
  readonly router: Router;
  readonly theme: ThemeChoice;
};

export const createApp = (engine: Engine): App => ({
  engine,
  status: new EngineStatus(engine),
  locale: new Locale(),
  router: new Router(),
  theme: new ThemeChoice(),
});

export const [getApp, provideApp] = createContext<App>();
