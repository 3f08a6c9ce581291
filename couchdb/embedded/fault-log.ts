/** Faults that nobody foresaw, in the log: what and where, and once for as long as the same one goes on. */
import { LRUCache } from 'lru-cache';
import type { Log } from './log.ts';

/** The same fault again within this time belongs to the same episode, of which only the count is told later. */
const episodeMs = 60_000;
const maxEpisodes = 100;

export type TellFault = (event: string, fields: Record<string, string>, failure: unknown) => void;

export function createFaultLog(log: Log, now: () => number = Date.now): TellFault {
  const episodes = new LRUCache<string, { toldAt: number; untold: number }>({ max: maxEpisodes });
  return (event, fields, failure) => {
    const fault = { ...fields, ...describeFault(failure) };
    const key = JSON.stringify([event, fault]);
    const episode = episodes.get(key);
    if (episode !== undefined && now() - episode.toldAt < episodeMs) {
      episode.untold += 1;
      return;
    }
    log(event, {
      ...fault,
      ...(episode !== undefined && episode.untold > 0 && { repeated: episode.untold }),
    });
    episodes.set(key, { toldAt: now(), untold: 0 });
  };
}

/** By its name, code, place, and what to do. Its text may quote a body or an id: it is told only when the system wrote it. */
export function describeFault(failure: unknown): Record<string, string> {
  const causes: Error[] = [];
  for (let cause = failure; cause instanceof Error && causes.length < 5; cause = cause.cause)
    causes.push(cause);
  const [outermost] = causes;
  if (outermost === undefined) return { error: typeof failure };
  const code = causes.map(codeOf).findLast((text) => text !== undefined);
  const reason = causes.map(({ message }) => message).find((text) => systemText.test(text));
  const place = /^\s+at (?:.*[/\\(])?([\w.-]+:\d+):\d+\)?$/m.exec(causes.at(-1)?.stack ?? '')?.[1];
  const advice = Object.entries(advices).find(([symptom]) => `${code} ${reason}`.includes(symptom))?.[1];
  return {
    error: outermost.name,
    ...(code !== undefined && { code }),
    ...(reason !== undefined && { reason: reason.slice(0, 300) }),
    ...(place !== undefined && { place }),
    ...(advice !== undefined && { advice }),
  };
}

/** As LevelDB and the system word their errors: with the paths of files in them, and nothing of what is stored. */
const systemText = /^(?:E[A-Z]+: |IO error: |Corruption: )/;

const advices: Record<string, string> = {
  EMFILE: 'raise the limit of open files (ulimit -n)',
  'Too many open files': 'raise the limit of open files (ulimit -n)',
  ENOSPC: 'make room on the disk of EMBEDDED_COUCH_DATA_DIR',
  'No space left': 'make room on the disk of EMBEDDED_COUCH_DATA_DIR',
  EACCES: 'let this user write to EMBEDDED_COUCH_DATA_DIR',
  'Permission denied': 'let this user write to EMBEDDED_COUCH_DATA_DIR',
  Corruption: 'stop the server, move EMBEDDED_COUCH_DATA_DIR away and start it: the mesh fills it again',
};

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
