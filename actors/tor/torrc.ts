import { rbError } from '../kernel/errors.js';

/** What the torrc of a managed Tor is made of. All paths are absolute. */
export interface TorrcInput {
  readonly dataDir: string;
  readonly controlSocket: string;
  readonly socksSocket: string;
  /** A SOCKS port of its own for whoever asks why something cannot be reached (health/canary/extended-reply.ts). */
  readonly diagnosisSocket: string | null;
  readonly pidFile: string;
  /** Lines of the coordination service, a file that changes while this one stays; it must exist. Null: it has none. */
  readonly coordinationFile: string | null;
  readonly hiddenServiceDir: string;
  readonly virtualPort: number;
  /** Where the proxy listens: `unix:/path` or `host:port`. */
  readonly proxyListen: string;
  /** Names identity and ob_config without disclosing them: a Tor that runs with another one must be ended. */
  readonly instanceMark: string;
  /** The operator's own lines; they come last, so that they win where an option takes one value. */
  readonly extraLines: readonly string[];
}

/** A newline would end the line and begin one of an attacker's choice; Tor knows no way to quote it in a path. */
const hasControlCharacter = (text: string): boolean => /\p{Cc}/u.test(text);

const printable = (setting: string, text: string): string => {
  if (!hasControlCharacter(text)) return text;
  throw rbError('tor.bad-setting', 'torrc', { setting, problem: 'it holds a control character' });
};

/** A value in quotes, as Tor's configuration reads C strings: spaces, '#', quotes and backslashes survive. */
export const quoted = (setting: string, text: string): string =>
  `"${printable(setting, text).replace(/["\\]/g, (special) => `\\${special}`)}"`;

/** `unix:"/path"` or `host:port`, as HiddenServicePort takes a target. */
export const serviceTarget = (listen: string): string =>
  listen.startsWith('unix:')
    ? `unix:${quoted('proxy.listen', listen.slice('unix:'.length))}`
    : printable('proxy.listen', listen);

/**
 * The torrc of a managed Tor.
 *
 * FetchDirInfoEarly and FetchDirInfoExtraEarly make it fetch each consensus soon after it is out, so that the nodes
 * of a cluster change periods within minutes instead of hours of each other. ShutdownWaitLength concerns SIGINT
 * only. PidFile lets a daemon that comes after a crash find this process.
 *
 * Throws RbError `tor.bad-setting` for a value that would break out of its line.
 */
export const managedTorrc = (input: TorrcInput): string => {
  const path = (setting: string, text: string): string => quoted(setting, text);
  const lines = [
    '# Written by rustbalance at every start: changes are lost. Use [tor] extra_torrc.',
    `# instance ${printable('instance', input.instanceMark)}`,
    `DataDirectory ${path('tor.data_dir', input.dataDir)}`,
    `PidFile ${path('tor.data_dir', input.pidFile)}`,
    'RunAsDaemon 0',
    'Log notice stdout',
    'AvoidDiskWrites 1',
    'ShutdownWaitLength 2',
    `ControlSocket ${path('node.run_dir', input.controlSocket)}`,
    'CookieAuthentication 1',
    `SocksPort unix:${path('node.run_dir', input.socksSocket)}`,
    ...(input.diagnosisSocket === null
      ? []
      : [`SocksPort unix:${path('node.run_dir', input.diagnosisSocket)} ExtendedErrors`]),
    'FetchDirInfoEarly 1',
    'FetchDirInfoExtraEarly 1',
    // Before the instance's lines: the operator's own, which come last, may speak of the instance.
    ...(input.coordinationFile === null ? [] : [`%include ${path('tor.data_dir', input.coordinationFile)}`]),
    `HiddenServiceDir ${path('node.hidden_service_dir', input.hiddenServiceDir)}`,
    `HiddenServicePort ${String(input.virtualPort)} ${serviceTarget(input.proxyListen)}`,
    'HiddenServiceOnionBalanceInstance 1',
    ...input.extraLines.map((line) => printable('tor.extra_torrc', line)),
  ];
  return `${lines.join('\n')}\n`;
};
