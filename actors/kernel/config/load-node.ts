import { userInfo } from 'node:os';
import type { ErrorData } from '../errors.js';
import type { ActorSecrets } from '../secrets.js';
import { loadConfig } from './load.js';
import { decodeText, readFileFacts } from './read-file.js';
import type { Config } from './schema.js';
import { loadSecrets, readableSecrets, withoutSecrets } from './secrets-files.js';
import type { SecretsWorld } from './secrets-files.js';

/** All that a daemon starts from. */
export interface LoadedNode {
  /** Without the secrets that were written into it. */
  readonly config: Config;
  readonly secrets: ActorSecrets;
  readonly warnings: readonly ErrorData[];
}

export type NodeOutcome =
  | { readonly ok: true; readonly node: LoadedNode }
  | { readonly ok: false; readonly problems: readonly ErrorData[] };

const currentUserName = (): string => {
  try {
    return userInfo().username;
  } catch {
    // A uid without an entry in passwd, as in containers.
    return String(process.geteuid?.() ?? '');
  }
};

/** This process, as the checks on secret files see it. */
export const systemSecretsWorld = (): SecretsWorld => ({
  readFacts: readFileFacts,
  uid: process.geteuid?.() ?? 0,
  userName: currentUserName(),
  credentialsDirectory: process.env['CREDENTIALS_DIRECTORY'] ?? null,
});

/** Reads a configuration and every secret that it names. Never rejects. */
export const loadNode = async (
  path: string,
  sets: readonly string[],
  world: SecretsWorld = systemSecretsWorld(),
): Promise<NodeOutcome> => {
  let mode = 0;
  const loaded = await loadConfig(path, sets, async (file, maxBytes) => {
    const facts = await world.readFacts(file, maxBytes);
    mode = facts.mode;
    return decodeText(facts.bytes);
  });
  if (!loaded.ok) return loaded;
  const { config } = loaded;
  const secrets = await loadSecrets(config, world);
  if (!secrets.ok) return secrets;
  return {
    ok: true,
    node: {
      config: withoutSecrets(config),
      secrets: secrets.secrets,
      warnings: [...readableSecrets(config, path, mode), ...secrets.warnings],
    },
  };
};
