import tseslint from 'typescript-eslint';

// Imports point one way: cli → supervisor → actors → crypto-worker (docs/architecture.md).
const above = {
  'crypto-worker': ['@rustbalance/**'],
  actors: ['@rustbalance/supervisor/**', '@rustbalance/cli/**', '@rustbalance/tests/**'],
  supervisor: ['@rustbalance/cli/**', '@rustbalance/tests/**'],
  cli: ['@rustbalance/tests/**'],
};
const escape = {
  group: ['**/crypto-worker/**', '**/actors/**', '**/supervisor/**', '**/cli/**', '!@rustbalance/**'],
  message: 'Another package is imported by its name (@rustbalance/…), never by a relative path.',
};
// crypto-worker cannot sleep, spawn, connect or touch the disk: it is functions over bytes.
const effects = [
  'fs',
  'fs/promises',
  'net',
  'tls',
  'http',
  'https',
  'dgram',
  'dns',
  'child_process',
  'timers',
  'timers/promises',
  'worker_threads',
  'cluster',
].flatMap((m) => [m, `node:${m}`]);
const actorNames = ['tor', 'wg', 'election', 'publisher', 'proxy', 'health'];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**'] },
  ...tseslint.configs.strict,
  ...tseslint.configs.stylistic,
  {
    files: ['**/*.ts'],
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      // Type aliases and interfaces both have their place: unions and brands need the first.
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  ...Object.entries(above).map(([folder, group]) => ({
    files: [`${folder}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            escape,
            { group, message: `${folder} may not import what stands above it (docs/architecture.md).` },
          ],
          paths:
            folder === 'crypto-worker'
              ? effects.map((name) => ({ name, message: 'crypto-worker has no effects.' }))
              : [],
        },
      ],
    },
  })),
  ...[
    { files: ['actors/kernel/**/*.ts'], ignores: ['actors/kernel/messages.ts'], but: '' },
    // The one list of all declarations names every actor, and of each its messages alone.
    { files: ['actors/kernel/messages.ts'], ignores: [], but: '(?!messages\\.js$)' },
  ].map(({ files, ignores, but }) => ({
    files,
    ignores,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            escape,
            { group: above.actors, message: 'actors may not import what stands above them.' },
            {
              regex: `\\.\\./(${actorNames.join('|')})/${but}`,
              message: 'What all actors share imports nothing of an actor (docs/architecture.md).',
            },
          ],
        },
      ],
    },
  })),
  ...actorNames.map((actor) => ({
    files: [`actors/${actor}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            escape,
            { group: above.actors, message: 'actors may not import what stands above them.' },
            {
              regex: `\\.\\./(${actorNames.filter((n) => n !== actor).join('|')})/(?!messages\\.js)`,
              message: 'An actor knows of another only its messages (actors/<name>/messages.ts).',
            },
          ],
          // Tokens and pending joins, which lie in election/, are read by the main thread.
          paths:
            actor === 'election'
              ? []
              : [{ name: 'zod', message: 'zod costs a thread 14 MiB and 50 ms: see kernel/checks.ts.' }],
        },
      ],
    },
  })),
  { files: ['cli/**/*.ts', 'tests/**/*.ts'], rules: { 'no-console': 'off' } },
  { files: ['tests/**/*.ts'], rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
);
