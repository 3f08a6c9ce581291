import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

/** What is installed is what `docs/supply-chain.md` says: licences, scripts, and the list that a command makes of it. */

type Locked = {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly link?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
};

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const { packages } = JSON.parse(read('package-lock.json')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};
const { allowScripts } = JSON.parse(read('package.json')) as {
  readonly allowScripts: Readonly<Record<string, boolean>>;
};

/** Every package that comes from elsewhere; one that is there under another name under its own. */
const installed = Object.entries(packages).flatMap(([path, locked]) =>
  path.includes('node_modules/') && locked.link !== true
    ? [
        {
          ...locked,
          name: locked.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
        },
      ]
    : [],
);

/** The first column of a section's tables on the page, with the rest of each row. */
const table = (title: string): Map<string, string> => {
  const section = read('docs/supply-chain.md').split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
  return new Map(
    [...section.matchAll(/^\| `([^`]+)` +\| (.*?) *\|$/gm)].map(([, name, rest]) => [name!, rest!]),
  );
};

describe('what is installed', () => {
  it('is named with the hash of its archive', () => {
    expect(installed.length).toBeGreaterThan(100);
    expect(installed.filter(({ integrity }) => !integrity?.startsWith('sha512-'))).toEqual([]);
  });

  it('has a licence that the page allows, and the page allows no other', () => {
    const allowed = table('Licences');
    const licences = new Set<string>();
    for (const { name, license } of installed) {
      // Without one in its manifest a package stands on the page itself.
      const key = license ?? name;
      expect(allowed.has(key), `${name}: ${license ?? 'no licence'}`).toBe(true);
      licences.add(key);
    }
    expect([...allowed.keys()].sort()).toEqual([...licences].sort());
  });

  it('runs no code while it is installed but what is allowed', () => {
    const allowed = Object.keys(allowScripts).filter((name) => allowScripts[name]);
    const running = new Set(
      installed.flatMap(({ name, hasInstallScript }) => (hasInstallScript ? [name] : [])),
    );
    expect([...running].filter((name) => !allowed.includes(name))).toEqual([]);
    expect([...table('Code that runs while it is installed').keys()].sort()).toEqual(allowed.sort());
  });
});

describe('npm run sbom', () => {
  it('lists every package with its version, hash and licence', async () => {
    const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'sbom'], {
      cwd: root,
      maxBuffer: 64 * 1024 * 1024,
    });
    const bom = JSON.parse(stdout) as {
      readonly bomFormat: string;
      readonly components: readonly {
        readonly purl: string;
        readonly hashes?: readonly { readonly alg: string }[];
        readonly licenses?: readonly object[];
      }[];
    };
    expect(bom.bomFormat).toBe('CycloneDX');
    const byUrl = new Map(bom.components.map((component) => [component.purl, component]));
    const unlisted = installed.filter(({ name, version, license }) => {
      const component = byUrl.get(`pkg:npm/${name.replace('@', '%40')}@${version!}`);
      const hasLicence = license === undefined || (component?.licenses?.length ?? 0) > 0;
      return !hasLicence || component?.hashes?.some(({ alg }) => alg === 'SHA-512') !== true;
    });
    expect(unlisted).toEqual([]);
  });
});
