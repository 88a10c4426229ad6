// The allowed directions of docs/architecture.md, each with its reason. `npm run check:structure` reads this.

const serverParts = 'packages/server/src';

/** One folder of the server may import only these others (and itself). */
function serverFolder(folder, allowed, comment) {
  return {
    name: `server-${folder}`,
    severity: 'error',
    comment,
    from: { path: `^${serverParts}/${folder}/`, pathNot: '\\.test\\.ts$' },
    to: {
      path: `^${serverParts}/[^/]+/`,
      pathNot: [folder, ...allowed].map((name) => `^${serverParts}/${name}/`),
    },
  };
}

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      comment: 'A cycle means that two files are one idea, or that a direction was missed.',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'leaf-packages-stand-alone',
      severity: 'error',
      comment: 'sip, media, flow and connect-api must be usable by others: they know nothing of ours.',
      from: {
        path: '^packages/(sip|media|flow|connect-api)/src/',
        pathNot: '\\.test\\.ts$|/test-support/|[-.]fixture\\.ts$',
      },
      to: { path: '^packages/', pathNot: '^packages/$1/' },
    },
    {
      name: 'carrier-knows-only-sip-and-media',
      severity: 'error',
      comment:
        'The simulated carrier is the far end: it must not share anything with the service but the wire.',
      from: { path: '^packages/simulated-carrier/src/', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/', pathNot: '^packages/(simulated-carrier|sip|media)/' },
    },
    {
      name: 'testkit-only-in-tests',
      severity: 'error',
      comment: 'The test kit is for tests and demos; production code that needs it has the wrong seam.',
      from: {
        path: '^packages/[^/]+/src/',
        pathNot: '\\.test\\.ts$|/test-support/|[-.]fixture\\.ts$|^packages/testkit/',
      },
      to: { path: '^packages/testkit/' },
    },
    {
      name: 'speech-program-is-not-linked',
      severity: 'error',
      comment: 'tts-espeak is GPL-3.0 and runs as a separate program; nobody imports it.',
      from: { path: '^packages/', pathNot: '^packages/tts-espeak/' },
      to: { path: '^packages/tts-espeak/' },
    },
    {
      name: 'one-public-entry',
      severity: 'error',
      comment: "Packages import each other by name; a path into src is somebody else's inside.",
      from: { path: '^packages/([^/]+)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/[^/]+/src/', pathNot: ['^packages/$1/', '^packages/[^/]+/src/index\\.ts$'] },
    },
    {
      name: 'one-public-entry-and-fixtures',
      severity: 'error',
      comment:
        'Tests of one package may use the fixtures of another; the rest of its inside is closed to them too.',
      from: { path: '^packages/([^/]+)/.*\\.test\\.ts$' },
      to: {
        path: '^packages/[^/]+/src/',
        pathNot: ['^packages/$1/', '^packages/[^/]+/src/index\\.ts$', '[-.]fixture\\.ts$'],
      },
    },
    {
      name: 'sip-credentials-below-dialogs',
      severity: 'error',
      comment: 'Dialogs and registrations answer challenges with it; it knows messages only.',
      from: { path: '^packages/sip/src/auth/', pathNot: '\\.test\\.ts$' },
      to: {
        path: '^packages/sip/src/[^/]+/',
        pathNot: ['^packages/sip/src/auth/', '^packages/sip/src/message/'],
      },
    },
    {
      name: 'nobody-imports-api',
      severity: 'error',
      comment: 'The edges have no rules that others could need.',
      from: {
        path: `^${serverParts}/`,
        pathNot: [`^${serverParts}/api/`, `^${serverParts}/(service|run)\\.ts$`, '\\.test\\.ts$'],
      },
      to: { path: `^${serverParts}/api/` },
    },
    serverFolder('calls', ['events', 'store'], 'A leg never learns which contact it serves.'),
    serverFolder('flows', ['events', 'store', 'calls'], 'Stored flows and prompts know no contact.'),
    serverFolder('routing', ['events', 'store'], 'Routing knows contacts by id; it does not know calls.'),
    serverFolder('policy', ['store'], 'Policy answers questions; it acts on nothing.'),
    serverFolder('identity', ['store'], 'Who a caller is does not depend on what he wants.'),
    serverFolder('events', ['store'], 'Facts go out; nothing inside is decided from them.'),
    {
      name: 'server-store',
      severity: 'error',
      comment: 'The store knows the shapes it keeps (types of contacts) and nothing else.',
      from: { path: `^${serverParts}/store/`, pathNot: '\\.test\\.ts$' },
      to: {
        path: `^${serverParts}/[^/]+/`,
        pathNot: `^${serverParts}/store/`,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'server-contacts',
      severity: 'error',
      comment: 'The spine is used by the edges and the campaigns, never the other way round.',
      from: { path: `^${serverParts}/contacts/`, pathNot: '\\.test\\.ts$' },
      to: { path: `^${serverParts}/(api|campaigns|cli)/` },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'default'] },
  },
};
