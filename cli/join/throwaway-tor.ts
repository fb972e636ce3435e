import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { base32 } from '@rustbalance/actors/tor/authorized-clients.js';
import type { Curve25519SecretKey, OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import { errorData, errorLine, rbError } from '@rustbalance/actors/kernel/errors.js';
import { openSocksStream } from '@rustbalance/actors/kernel/socks-stream.js';
import { quoted } from '@rustbalance/actors/tor/torrc.js';
import { COORDINATION_PORTS } from '@rustbalance/actors/wg/messages.js';
import { systemCapabilityDrop } from '@rustbalance/supervisor/capability-drop.js';
import type { CapabilityDrop, WithoutCapabilities } from '@rustbalance/supervisor/capability-drop.js';
import type { TokenOrigin } from '@rustbalance/actors/election/join/token-text.js';
import type { Duplex } from 'node:stream';

/** What a Tor that serves for one join is told. */
export interface ThrowawayTorOptions {
  readonly binary: string;
  readonly extraTorrc: readonly string[];
  /** Services of the members, all opened by one key. */
  readonly addresses: readonly OnionAddress[];
  readonly clientAuthorization: Curve25519SecretKey;
  readonly clock: Clock;
  readonly interrupted: AbortSignal;
  readonly tell: (line: string) => void;
}

export interface ThrowawayTor {
  /** A stream to where a member takes joins, each attempt over circuits of its own. */
  readonly open: (member: TokenOrigin, attempt: number) => Promise<Duplex>;
  /** The same, to any onion address. */
  readonly openTo: (address: OnionAddress, port: number, attempt: number) => Promise<Duplex>;
  isRunning(): boolean;
  /** Ends it and removes all that it wrote. */
  close(): Promise<void>;
}

/** A new Tor on a slow line takes 20–60 s; Tor itself gives up on nothing. */
const BOOTSTRAP_WITHIN_MS = 180_000;
/** For a descriptor, a rendezvous and a stream, each with Tor's own second tries. */
const STREAM_WITHIN_MS = 90_000;
const STOP_WITHIN_MS = 5_000;

/**
 * The torrc: one SOCKS port as a unix socket, the services' client authorization (tor(1), ClientOnionAuthDir: read at
 * start, so that no control connection is needed), and that it ends with this process, however that ends.
 */
const torrcOf = (dir: string, extra: readonly string[]): string =>
  [
    `DataDirectory ${quoted('join', join(dir, 'data'))}`,
    `SocksPort unix:${quoted('join', join(dir, 'socks.sock'))}`,
    `ClientOnionAuthDir ${quoted('join', join(dir, 'auth'))}`,
    `__OwningControllerProcess ${String(process.pid)}`,
    'Log notice stdout',
    'AvoidDiskWrites 1',
    'ShutdownWaitLength 0',
    ...extra,
    '',
  ].join('\n');

const torrcIn = (dir: string): string => join(dir, 'torrc');
const defaultsIn = (dir: string): string => join(dir, 'torrc-defaults');

const writeFiles = async (dir: string, options: ThrowawayTorOptions): Promise<void> => {
  await chmod(dir, 0o700);
  for (const folder of ['data', 'auth']) await mkdir(join(dir, folder), { mode: 0o700 });
  const key = base32(options.clientAuthorization);
  for (const [index, address] of options.addresses.entries()) {
    const line = `${address}:descriptor:x25519:${key}\n`;
    await writeFile(join(dir, 'auth', `member${String(index)}.auth_private`), line, { mode: 0o600 });
  }
  await writeFile(torrcIn(dir), torrcOf(dir, options.extraTorrc), { mode: 0o600 });
  // The system's own torrc-defaults would otherwise be read, with its User and its ports.
  await writeFile(defaultsIn(dir), '', { mode: 0o600 });
};

/** The command line, under the unit of the daemon too, whose capabilities (CAP_NET_ADMIN) are not for this Tor. */
const invocationOf = async (
  dir: string,
  env: Readonly<Record<string, string>>,
  { binary, tell }: ThrowawayTorOptions,
  capabilities: CapabilityDrop,
): Promise<WithoutCapabilities> => {
  const args = ['-f', torrcIn(dir), '--defaults-torrc', defaultsIn(dir)];
  const made = await capabilities.of({ command: binary, args, env, cwd: null });
  if (made.keptBecause !== null) {
    const fields = { program: binary, reason: made.keptBecause };
    tell(errorLine(errorData('host.capabilities-kept', 'join', fields)));
  }
  return made;
};

/** Starts a Tor of our own in a temporary folder and waits until it knows the network. @throws RbError join.tor-failed */
export const startThrowawayTor = async (
  options: ThrowawayTorOptions,
  capabilities: CapabilityDrop = systemCapabilityDrop(options.clock),
): Promise<ThrowawayTor> => {
  const { clock, interrupted } = options;
  // Unix socket paths are short, so the folder lies where the system's temporary files do.
  const dir = await mkdtemp(join(tmpdir(), 'rb-join-'));
  let close = (): Promise<void> => rm(dir, { recursive: true, force: true, maxRetries: 3 });
  const failed = (reason: string): Error => rbError('join.tor-failed', options.binary, { reason });
  try {
    await writeFiles(dir, options);
    const env = { PATH: process.env['PATH'] ?? '', HOME: dir };
    const { command, args } = await invocationOf(dir, env, options, capabilities);
    const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
    const exited = once(child, 'exit').catch(() => undefined);
    close = async () => {
      const kill = clock.after(STOP_WITHIN_MS, () => child.kill('SIGKILL'));
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await exited;
      }
      kill();
      await rm(dir, { recursive: true, force: true, maxRetries: 3 });
    };
    await new Promise<void>((resolve, reject) => {
      let last = '';
      const cancel = clock.after(BOOTSTRAP_WITHIN_MS, () => {
        reject(failed(`it did not reach the network in time: ${last}`));
      });
      const stop = (error: Error): void => {
        cancel();
        reject(error);
      };
      child.once('error', (error: NodeJS.ErrnoException) => {
        stop(failed(error.code ?? 'unknown'));
      });
      child.once('exit', () => {
        stop(failed(`it ended: ${last}`));
      });
      interrupted.addEventListener('abort', () => {
        stop(failed('interrupted'));
      });
      if (interrupted.aborted) stop(failed('interrupted'));
      child.stderr.resume();
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (/\[(?:warn|err)\]|Bootstrapped/.test(line)) last = line.slice(0, 160);
        const [, percent] = /Bootstrapped (\d+)%/.exec(line) ?? [];
        if (percent !== undefined && Number(percent) % 25 === 0) options.tell(`Tor: ${percent} %`);
        if (percent !== '100') return;
        cancel();
        resolve();
      });
    });
    const openTo = async (address: string, port: number, attempt: number): Promise<Duplex> => {
      const stream = await openSocksStream(
        {
          socks: { kind: 'unix', path: join(dir, 'socks.sock') },
          host: `${address}.onion`,
          port,
          // A name of its own gives each attempt circuits of its own.
          isolation: `join-${String(attempt)}`,
          timeoutMs: STREAM_WITHIN_MS,
        },
        interrupted,
      );
      const end = (): void => {
        stream.destroy();
      };
      interrupted.addEventListener('abort', end, { once: true });
      stream.once('close', () => {
        interrupted.removeEventListener('abort', end);
      });
      return stream;
    };
    return {
      open: ({ coordination }, attempt) => openTo(coordination ?? '', COORDINATION_PORTS.join, attempt),
      openTo,
      isRunning: () => child.exitCode === null && child.signalCode === null,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};
