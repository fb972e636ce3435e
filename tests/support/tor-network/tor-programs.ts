import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

/** Paths of the programs of Debian's package `tor`. */
export interface TorPrograms {
  readonly tor: string;
  readonly torGencert: string;
}

/** A program that the harness needs is not installed. */
export class MissingProgramError extends Error {
  readonly debianPackage: string;

  constructor(program: string, debianPackage: string) {
    super(
      `${program} is not installed; it comes with Debian's package "${debianPackage}": apt-get install ${debianPackage}`,
    );
    this.name = 'MissingProgramError';
    this.debianPackage = debianPackage;
  }
}

// Debian puts daemons where an ordinary user's PATH does not look.
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

const isExecutable = async (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

const findProgram = async (
  name: string,
  debianPackage: string,
  folders: readonly string[],
): Promise<string> => {
  for (const folder of folders) {
    const path = join(folder, name);
    if (await isExecutable(path)) return path;
  }
  throw new MissingProgramError(name, debianPackage);
};

/**
 * Finds `tor` and `tor-gencert`, and makes sure of `setpriv`, through which every Tor is started.
 *
 * @param searchPath folders, colon-separated; the process's PATH and the system's folders unless told
 * @throws MissingProgramError, which names the package
 */
export const findTorPrograms = async (searchPath?: string): Promise<TorPrograms> => {
  const folders =
    searchPath === undefined
      ? [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_FOLDERS]
      : searchPath.split(delimiter);
  const named = folders.filter((folder) => folder !== '');
  // One after the other, so that of several missing programs the first one named here is told.
  const tor = await findProgram('tor', 'tor', named);
  const torGencert = await findProgram('tor-gencert', 'tor', named);
  await findProgram('setpriv', 'util-linux', named);
  return { tor, torGencert };
};

/**
 * The environment of every child: nothing of the caller's reaches Tor (no proxies, no locale, no secrets).
 */
export const childEnvironment = (home: string): NodeJS.ProcessEnv => ({
  PATH: SYSTEM_FOLDERS.join(delimiter),
  HOME: home,
  LC_ALL: 'C',
  TZ: 'UTC',
  // A relay packs each consensus with LZMA in buffers of 30 MB in two threads, and glibc keeps them. Measured for 23
  // Tors: 80–150 MB in all with these two, 1400 MB without.
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: String(2 ** 20),
});

/** Runs a program to its end and gives what it printed. @throws when it fails, with what it said */
export const runToEnd = async (
  program: string,
  args: readonly string[],
  { home, input = '', timeoutMs = 60_000 }: { home: string; input?: string; timeoutMs?: number },
): Promise<string> => {
  const running = promisify(execFile)(program, args, {
    cwd: home,
    env: childEnvironment(home),
    timeout: timeoutMs,
  });
  running.child.stdin?.end(input);
  const { stdout } = await running;
  return stdout;
};
