import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NGINX_CONF = fileURLToPath(new URL('../../../nginx.conf', import.meta.url));
const NAME_ORIGINS = fileURLToPath(new URL('../../../nginx/name-origins', import.meta.url));

/** What nginx stands before. URLs are `http://host:port`. */
export type Upstreams = {
  readonly master: string;
  readonly mailboxNodes: readonly string[];
  /** None: nobody is there. */
  readonly watch?: string;
  /** Origins of all servers; none: there is one. */
  readonly serverOrigins?: readonly string[];
  /** Origin of the object store in which files lie; none: they lie with the servers. */
  readonly objectStore?: string;
  /** The built messenger. */
  readonly messengerDir: string;
};

/** The header by which a test says where a request comes from, for what is bounded per address. */
export const TEST_ADDRESS = 'x-test-address';

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

const addressOf = (url: string): string => new URL(url).host;

/** Puts the nginx.conf of production into a folder, with includes of its own. The certificate is in `tls/`. */
export const writeNginxFiles = (
  folder: string,
  {
    master,
    mailboxNodes,
    watch = 'http://127.0.0.1:9',
    serverOrigins = [],
    objectStore,
    messengerDir,
  }: Upstreams,
  ports: { readonly http: number; readonly https: number },
): void => {
  const acmeDir = join(folder, 'acme');
  const includes = {
    process: [
      `pid ${join(folder, 'nginx.pid')};`,
      // Started by root its workers would be somebody who may not read the folder.
      ...(process.getuid?.() === 0 ? ['user root;'] : []),
    ],
    paths: TEMPORARY.map((name) => `${name}_temp_path ${join(folder, name)};`),
    upstreams: [
      `map '' $master { default ${addressOf(master)}; }`,
      `map '' $watch { default ${addressOf(watch)}; }`,
      'map $node $mailbox_node {',
      ...mailboxNodes.map((url, index) => `${index + 1} ${addressOf(url)};`),
      '}',
    ],
    'listen-http': [
      `listen 127.0.0.1:${ports.http};`,
      `root ${acmeDir};`,
      `set $https_port ':${ports.https}';`,
    ],
    'listen-https': [
      `listen 127.0.0.1:${ports.https} ssl http2;`,
      `root ${messengerDir};`,
      'set_real_ip_from 127.0.0.1;',
      `real_ip_header ${TEST_ADDRESS};`,
    ],
    origins: [`include ${join(folder, 'origins.conf')};`],
    tls: ['ssl_certificate tls/certificate.pem;', 'ssl_certificate_key tls/key.pem;'],
  };
  mkdirSync(join(folder, 'restante'), { recursive: true });
  mkdirSync(acmeDir, { recursive: true });
  copyFileSync(NGINX_CONF, join(folder, 'nginx.conf'));
  const files = objectStore === undefined ? {} : { BLOB_STORE: 's3', S3_ENDPOINT: objectStore };
  execFileSync(NAME_ORIGINS, [folder], {
    env: { ...process.env, SERVER_ORIGINS: serverOrigins.join(','), ...files },
  });
  for (const [name, lines] of Object.entries(includes)) {
    writeFileSync(join(folder, 'restante', `${name}.conf`), `${lines.join('\n')}\n`);
  }
};
