import { registerHooks } from 'node:module';
import { BUGS } from './bugs/index.ts';
import { patchSource } from './patch-source.ts';

/** Loaded into a process before its program (`node --import`): its modules have the bug that `PLANTED_BUG` names. */

const name = process.env['PLANTED_BUG'];
const bug = BUGS.find((one) => one.name === name);
if (bug === undefined) throw new RangeError(`no bug is called ${name ?? ''}`);

const ROOT = new URL('../../../', import.meta.url);
const patchesOf = Map.groupBy(bug.patches, ({ file }) => new URL(file, ROOT).href);

registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context);
    const patches = patchesOf.get(url);
    if (patches === undefined || !loaded.source) return loaded;
    const source =
      typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
    return { ...loaded, source: patchSource(source, patches) };
  },
});
