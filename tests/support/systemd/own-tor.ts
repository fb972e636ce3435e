import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { eventually } from '../eventually.js';
import { startStockClient } from '../stock-client.js';
import type { StockClient } from '../stock-client.js';
import { startTorNetwork } from '../tor-network/network.js';
import { SELECTIVE_RINGS } from '../tor-network/options.js';
import type { TorNetwork } from '../tor-network/network-types.js';
import { nextRotation, waitForPhase } from '../tor-network/phase.js';
import { DAEMON, InstalledDaemon, TOR, install } from './install.js';
import { SystemdMachine } from './machine.js';

/** What the target answers. */
export const PAGE = 'the page of the target';

const TARGET = `require('node:http').createServer((_, answer) => answer.end('${PAGE}')).listen(8080, '127.0.0.1')`;

/** A node as the README sets it up with a Tor of its own unit, in a private Tor network within its machine. */
export interface OwnTorNode {
  readonly machine: SystemdMachine;
  readonly daemon: InstalledDaemon;
  readonly client: StockClient;
  /** The master address with .onion. */
  readonly address: string;
  torPid(): Promise<number>;
  /** Auth keys of the introduction points that were published last, sorted. */
  publishedPoints(): Promise<readonly string[]>;
  /** Waits until every HSDir has both descriptors. @param afterMs those of after then (Unix ms) */
  published(timeoutMs: number, afterMs?: number): Promise<void>;
  /** Waits for a time between two rotations, at which a Tor replaces its points by itself. */
  calm(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * After a rotation until what follows from it is published, and before the next one for as long as a daemon takes to start, to attach
 * to its Tor and to publish on a loaded machine: s. The newest consensus may be a voting interval (10 s) old.
 */
const CALM_AFTER_SECS = 20;
const CALM_BEFORE_SECS = 60;

export const startOwnTorNode = async (): Promise<OwnTorNode> => {
  const machine = await SystemdMachine.boot();
  let network: TorNetwork | null = null;
  const stop = async (): Promise<void> => {
    await network?.stop();
    await machine.stop();
  };
  try {
    await install(machine);
    const daemon = new InstalledDaemon(machine);
    await daemon.init();
    await daemon.configure('tor', [
      'mode = "system"',
      'configure_service = true',
      'restart_service = true',
      'control_socket = "/run/rustbalance-tor/control.sock"',
      'socks_socket = "/run/rustbalance-tor/socks.sock"',
    ]);
    const place = { enter: machine.inNetwork, address: '127.0.0.1' };
    network = await startTorNetwork({ place, relays: 5, consensusParams: SELECTIVE_RINGS });
    await appendFile(machine.path('/etc/tor/rustbalance.torrc'), `${network.commonTorrc.join('\n')}\n`);
    await writeFile(machine.path('/run/target.cjs'), TARGET);
    await machine.must('systemd-run', '--unit=target', 'node', '/run/target.cjs');
    await machine.must('systemctl', 'start', TOR, DAEMON);
    const address = /"?([a-z2-7]{56}\.onion)/.exec(await readFile(daemon.configPath, 'utf8'))?.[1] ?? '';
    const started = network;
    const node: OwnTorNode = {
      machine,
      daemon,
      address,
      client: await startStockClient(started),
      torPid: async () => Number((await machine.show(TOR, 'MainPID')).MainPID),
      publishedPoints: async () => {
        const text = await readFile(machine.path('/var/lib/rustbalance/state.json'), 'utf8');
        const { state } = JSON.parse(text) as { state: { ownPoints: string[] } };
        return state.ownPoints.toSorted();
      },
      published: async (timeoutMs, afterMs = 0) => {
        await daemon.until(
          'both descriptors are on every HSDir',
          ({ descriptors }) =>
            descriptors.length === 2 &&
            descriptors.every(
              ({ hsdirs, published_at }) =>
                published_at !== null &&
                Date.parse(published_at) > afterMs &&
                hsdirs.length > 0 &&
                hsdirs.every((one) => one.status === 'accepted'),
            ),
          timeoutMs,
        );
      },
      calm: async () => {
        await waitForPhase(
          'a time between two rotations',
          () => started.consensus(),
          (phase) => {
            const before = phase.validAfterSecs - Math.max(phase.timePeriodStartSecs, phase.runStartSecs);
            const next = Math.min(nextRotation(phase, 'time-period'), nextRotation(phase, 'shared-random'));
            return before >= CALM_AFTER_SECS && next - phase.validAfterSecs >= CALM_BEFORE_SECS;
          },
          { timeoutMs: 240_000 },
        );
      },
      stop,
    };
    await node.published(120_000);
    return node;
  } catch (error) {
    const journal = `${await machine.journal(DAEMON)}\n${await machine.journal(TOR)}`;
    await stop();
    throw new Error(`${String(error)}\n${journal}`, { cause: error });
  }
};

/** Fetches again and again until a whole page comes; resolves with how long that took, ms. */
export const untilServed = async (
  { client, address }: OwnTorNode,
  timeoutMs: number,
  isolation?: string,
): Promise<number> => {
  const beganMs = performance.now();
  await eventually(
    'a client is served',
    async () => {
      const own = isolation === undefined ? {} : { isolation };
      const { ok, body } = await client.fetch(address, { timeoutMs: 10_000, ...own });
      return ok && body === PAGE;
    },
    { timeoutMs, everyMs: 20 },
  );
  return performance.now() - beganMs;
};
