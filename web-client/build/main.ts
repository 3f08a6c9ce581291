import { buildWebClientInto } from './build.ts';

/** `node web-client/build/main.ts <folder>`: builds the messenger into an empty or new folder. */
const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('Usage: node web-client/build/main.ts <folder>\n');
  process.exit(2);
}
await buildWebClientInto(folder);
