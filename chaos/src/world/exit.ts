import { howItEnded, type Exit } from '@restante/scripts/cluster';

/** How a process ended, and what it said of it. */
export const describeExit = (exit: Exit): string => [howItEnded(exit), exit.cause].filter(Boolean).join(': ');
