/** Dependency direction of docs/architecture.md, enforced. */
const packages = [
  'protocol',
  'signal',
  'service-kit',
  'client',
  'web-client',
  'mailbox-node',
  'master-node',
  'couchdb',
  'testkit',
  'scripts',
  'e2e',
  'bench',
  'chaos',
  'fuzz',
];

const mayImport = {
  protocol: [],
  signal: [],
  'service-kit': ['protocol'],
  client: ['protocol', 'signal'],
  'web-client': ['protocol', 'client'],
  'mailbox-node': ['protocol', 'service-kit'],
  'master-node': ['protocol', 'service-kit'],
  couchdb: ['protocol'],
  scripts: ['protocol', 'service-kit', 'client', 'mailbox-node', 'master-node', 'couchdb', 'web-client'],
  testkit: packages,
  e2e: packages,
  bench: packages,
  chaos: packages,
  fuzz: packages,
};

/** Tests beside the units may start real servers by the testkit. */
const testFile = '\\.(test|contract|model)\\.ts$';

const directions = packages.flatMap((from) => {
  const forbidden = packages.filter((to) => to !== from && !mayImport[from].includes(to));
  if (forbidden.length === 0) return [];
  return [
    {
      name: `${from}-imports`,
      severity: 'error',
      from: { path: `^${from}/`, pathNot: testFile },
      to: { path: `^(${forbidden.join('|')})/` },
    },
  ];
});

/** Inside a package imports run down only: from each folder to those named, and never to the files that put it together. */
const folders = {
  'mailbox-node/src': {
    routes: ['couch', 's3', 'blobs', 'mail', 'mesh'],
    s3: ['blobs'],
    couch: ['blobs', 'mail', 'mesh'],
    blobs: [],
    mail: [],
    mesh: [],
  },
};

const downward = Object.entries(folders).flatMap(([place, mayImportFolders]) =>
  Object.entries(mayImportFolders).map(([folder, below]) => ({
    name: `${place}/${folder}-imports`,
    severity: 'error',
    from: { path: `^${place}/${folder}/` },
    to: { path: `^${place}/`, pathNot: `^${place}/(${[folder, ...below].join('|')})/` },
  })),
);

/** The client's house, from its roof: each storey may use those below it; what is not named here is the ground. */
const storeys = [
  ['index.ts', 'messenger.ts', 'options.ts'],
  ['delivery-on-demand.ts', 'delivery.ts', 'acts-on-demand.ts'],
  ['receiving/'],
  ['history/'],
  ['people/'],
  ['conversations/'],
  ['sending/'],
  ['account/'],
];

const inClient = (places) => `^client/src/(${places.join('|').replaceAll('.', '\\.')})`;

const houseDirections = [...storeys.keys(), storeys.length].slice(1).map((level) => ({
  name: `client-imports-run-down-${storeys[level]?.[0].replace(/\W/g, '') ?? 'ground'}`,
  severity: 'error',
  from: {
    path: level < storeys.length ? inClient(storeys[level]) : '^client/src/',
    pathNot: [
      testFile,
      '^client/src/node/testing/',
      ...(level < storeys.length ? [] : [inClient(storeys.flat())]),
    ],
  },
  to: { path: inClient(storeys.slice(0, level).flat()) },
}));

export default {
  forbidden: [
    ...directions,
    ...houseDirections,
    ...downward,
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'protocol-is-pure',
      severity: 'error',
      from: { path: '^(protocol|signal|client)/src/', pathNot: [testFile, '^client/src/node/'] },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'signal-is-handed-to-the-client',
      severity: 'error',
      from: { path: '^client/', pathNot: '^client/src/signal/' },
      to: { path: '^signal/' },
    },
    {
      name: 'nano-only-in-stores',
      severity: 'error',
      from: {
        path: '^(mailbox-node|master-node|service-kit|client)/',
        pathNot: [
          testFile,
          '^mailbox-node/src/couch/',
          '/src/couch[a-z-]*\\.ts$',
          '/src/[a-z-]+/couch[a-z-]*\\.ts$',
        ],
      },
      to: { path: 'node_modules/nano/' },
    },
    {
      name: 'couchdb-only-in-couch',
      severity: 'error',
      from: {
        path: '^mailbox-node/',
        // The latter speaks to other nodes.
        pathNot: [testFile, '^mailbox-node/src/couch/', '^mailbox-node/src/blobs/part-copies\\.ts$'],
      },
      to: { path: 'node_modules/(nano|undici)/' },
    },
    {
      name: 'tests-are-not-imported',
      severity: 'error',
      from: { pathNot: testFile },
      to: { path: '\\.test\\.ts$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['\\.data/', '^web-client/dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
