import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { WIREGUARD_PORT } from '../support/netns/machine.js';
import { Lan, Namespace } from '../support/netns/namespace.js';
import { startTarget } from '../support/netns/target.js';
import type { World } from './machines.js';

const execute = promisify(execFile);

/** What the machines and their tunnels are made of, tried in a namespace that ends with the trial. */
const TRIAL = [
  'mount -t tmpfs tmpfs /run',
  'ip link add type veth',
  'ip link add br0 type bridge',
  'nft list tables',
  'command -v wg wireguard-go',
].join(' && ');

const lastLine = (error: unknown): string => {
  const { stderr } = error as { readonly stderr?: string };
  return stderr?.trim().split('\n').at(-1) ?? String(error);
};

/** Why no machines with WireGuard between them can be had here, in one line; null when they can. */
export const noTunnels = async (): Promise<string | null> => {
  if (process.getuid?.() !== 0) return 'this is not root';
  for (const program of ['unshare', 'nsenter', 'ip', 'nft', 'wg', 'wireguard-go'])
    try {
      await execute('sh', ['-c', 'command -v "$0"', program]);
    } catch {
      return `there is no program ${program}`;
    }
  try {
    await (await open('/dev/net/tun', 'r+')).close();
  } catch (error) {
    return `/dev/net/tun cannot be opened (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`;
  }
  try {
    await execute('unshare', ['--net', '--mount', 'sh', '-c', TRIAL], { timeout: 10_000 });
  } catch (error) {
    return `network namespaces cannot be made (${lastLine(error)})`;
  }
  return null;
};

/** Machines in network namespaces of their own on one bridge, with a private Tor network at its hub. */
export const tunnelWorld = async (): Promise<World> => {
  const lan = await Lan.make();
  return {
    description: 'WireGuard, each machine and the Tor network in a network namespace of its own',
    place: lan.place,
    isOnLoopback: false,
    makeMachine: async (name, index) => {
      const namespace = await Namespace.make();
      try {
        const address = `10.77.0.${String(index)}`;
        await lan.plug(namespace, `port${String(index)}`, address);
        const { url } = await startTarget(namespace, name);
        return {
          name,
          enter: namespace.before,
          reach: ['--endpoint', `${address}:${String(WIREGUARD_PORT)}`],
          transport: 'wireguard',
          site: url,
          losePower: () => namespace.killAll(),
          stop: () => namespace.end(),
        };
      } catch (error) {
        await namespace.end();
        throw error;
      }
    },
    stop: () => lan.end(),
  };
};
