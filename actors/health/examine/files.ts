import { chmod, lstat, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { nodePaths } from '../../kernel/config/paths.js';
import type { Config } from '../../kernel/config/schema.js';

/** A path whose mode matters. */
export interface WatchedPath {
  readonly path: string;
  /** What names it in the configuration. */
  readonly key: string;
  /** Permission bits that it must not have. */
  readonly forbidden: number;
  /** Of another owner it is none of our business: the Tor of another user keeps its own. */
  readonly onlyOurs?: boolean;
}

export interface FileFault {
  readonly path: string;
  readonly key: string;
  /** Octal. */
  readonly mode: string;
  /** It is ours, so that we may change it; what is behind a link is not. */
  readonly mendable: boolean;
}

/** Nobody but us may read a key, nor look into Tor's directory, which then refuses to start. */
const OTHERS = 0o077;
/** State and sockets are made for us alone; an operator may let others look, never write. */
const WRITABLE = 0o022;

/** The absence of a key file is seen to by the actor that holds the key; systemd's credentials are not ours to judge. */
export const watchedPaths = (config: Config, credentialsDirectory: string | null): readonly WatchedPath[] => {
  const { node, master, coordination, wireguard } = config;
  const secrets: readonly (readonly [string, string])[] = [
    [node.key_path, 'node.key_path'],
    [master.identity_key_path, 'master.identity_key_path'],
    [master.backup_key_path, 'master.backup_key_path'],
    [coordination.cluster_token_file, 'coordination.cluster_token_file'],
    [coordination.mode === 'wireguard' ? wireguard.private_key_path : '', 'wireguard.private_key_path'],
  ];
  const { hiddenServiceDir, coordinationServiceDir, standby } = nodePaths(config);
  const serviceDirectories = [
    hiddenServiceDir,
    coordinationServiceDir,
    ...(config.tor.standby ? [standby.hiddenServiceDir] : []),
  ];
  return [
    ...secrets
      .filter(([path]) => path !== '' && !path.startsWith(`${credentialsDirectory ?? '\0'}/`))
      .map(([path, key]) => ({ path, key, forbidden: OTHERS })),
    { path: node.state_dir, key: 'node.state_dir', forbidden: WRITABLE },
    { path: node.run_dir, key: 'node.run_dir', forbidden: WRITABLE },
    ...serviceDirectories
      .flatMap((directory) => [directory, join(directory, 'hs_ed25519_secret_key')])
      .map((path) => ({ path, key: 'node.hidden_service_dir', forbidden: OTHERS, onlyOurs: true })),
  ];
};

const ownUid = (): number => process.geteuid?.() ?? 0;

/** Is it one that an owner of whom we know nothing keeps as he likes? */
const isForeign = ({ onlyOurs = false }: WatchedPath, uid: number): boolean => onlyOurs && uid !== ownUid();

const examine = async (watched: WatchedPath): Promise<FileFault | null> => {
  const { path, key, forbidden } = watched;
  try {
    // As the loader reads it: a link's own mode is always open (symlink(7)) and keeps nobody out.
    const { mode, uid } = await stat(path);
    if ((mode & forbidden) === 0 || isForeign(watched, uid)) return null;
    const own = ownUid();
    const isLink = (await lstat(path)).isSymbolicLink();
    return {
      path,
      key,
      mode: (mode & 0o7777).toString(8).padStart(4, '0'),
      mendable: !isLink && (own === 0 || uid === own),
    };
  } catch {
    return null;
  }
};

export const examineFiles = async (watched: readonly WatchedPath[]): Promise<readonly FileFault[]> =>
  (await Promise.all(watched.map(examine))).filter((fault) => fault !== null);

/**
 * Takes away the bits that must not be; what cannot be changed shows by its finding. Links are not followed: whoever makes one
 * would choose what we change.
 */
export const mendModes = async (watched: readonly WatchedPath[]): Promise<void> => {
  for (const one of watched) {
    const { path, forbidden } = one;
    const found = await lstat(path).catch(() => null);
    if (found === null || found.isSymbolicLink() || (found.mode & forbidden) === 0) continue;
    if (isForeign(one, found.uid)) continue;
    await chmod(path, found.mode & 0o7777 & ~forbidden).catch(() => undefined);
  }
};
