/** A WgActor that is replaced or stopped, over a system that is played: one tunnel interface and its guards. */
import { encodeBase64 } from '@rustbalance/crypto-worker/encoding/base64.js';
import { curve25519PublicKey } from '@rustbalance/crypto-worker/x25519.js';
import type { Curve25519SecretKey } from '@rustbalance/crypto-worker/brands.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import type { CommandOrder, CommandResult } from '@rustbalance/actors/kernel/host-messages.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import { wgActorWith } from '@rustbalance/actors/wg/actor.js';
import type { OpenUdp } from '@rustbalance/actors/wg/udp-socket.js';
import { expect, test } from 'vitest';
import { HarnessNode } from '../../../support/actor-harness.js';
import {
  QUICK_TIMES,
  exampleSeed,
  nodeConfig,
  nodeSecrets,
} from '../../../support/simulation/cluster-config.js';
import type { NodeSpec } from '../../../support/simulation/cluster-config.js';

const SELF: NodeSpec = {
  id: 'node-1' as NodeId,
  seed: exampleSeed(1),
  priority: 1,
  address: '10.0.0.1:7001',
  hasMasterKey: true,
};
const KEY = new Uint8Array(32).fill(5) as Curve25519SecretKey;

const GUARD_TABLE = 'drop comment "rustbalance guard 1"\n'.repeat(2);

/** What `ip`, `wg` and `nft` do to the one interface, and what they say of it. */
class PlayedSystem {
  /** Its address once it has one; null: there is no interface. */
  link: { address: string | null } | null = null;
  guards = { route: false, table: false };
  readonly made: string[] = [];

  readonly run = ({ command, args }: CommandOrder): Promise<CommandResult> => {
    const line = [command, ...args].join(' ');
    const stdout = this.#tells(line) ?? this.#does(line, args);
    return Promise.resolve({
      ended: 'exited',
      code: stdout === null ? 1 : 0,
      stdout: stdout ?? '',
      stderr: '',
    });
  };

  #tells(line: string): string | null | undefined {
    if (line.startsWith('ip -j -d addr show')) {
      const address = this.link?.address ?? null;
      const addresses = address === null ? [] : [{ family: 'inet6', local: address, prefixlen: 64 }];
      return this.link && JSON.stringify([{ flags: ['UP', 'LOWER_UP'], addr_info: addresses }]);
    }
    if (line.startsWith('ip -j -6 route show')) {
      const guard = this.guards.route ? [{ dst: 'x', type: 'unreachable', metric: 4096 }] : [];
      return JSON.stringify([...(this.link === null ? [] : [{ dst: 'x', dev: 'wg-rb' }]), ...guard]);
    }
    if (line.startsWith('wg show'))
      return this.link && `${encodeBase64(KEY)}\t${encodeBase64(curve25519PublicKey(KEY))}\t51820\toff\n`;
    if (line.startsWith('nft list')) return this.guards.table ? GUARD_TABLE : null;
    return undefined;
  }

  #does(line: string, args: readonly string[]): string {
    if (line.startsWith('ip link add')) {
      this.link = { address: null };
      this.made.push('interface');
    } else if (line.startsWith('ip link del')) this.link = null;
    else if (line.startsWith('ip -6 addr replace')) this.link = { address: args[3]?.split('/')[0] ?? null };
    else if (line.startsWith('ip -6 route replace unreachable')) this.guards.route = true;
    else if (line.startsWith('ip -6 route del unreachable')) this.guards.route = false;
    else if (line.startsWith('nft -f')) this.guards.table = true;
    else if (line.startsWith('nft delete')) this.guards.table = false;
    return '';
  }
}

const open: OpenUdp = (at) => Promise.resolve({ local: at, send: () => undefined, close: () => undefined });

const node = () => {
  const system = new PlayedSystem();
  const config = nodeConfig(SELF, [SELF], QUICK_TIMES);
  const harness = new HarnessNode({
    config: { ...config, coordination: { ...config.coordination, mode: 'wireguard' } },
    secrets: { ...nodeSecrets(SELF), wireguardKey: new Secret(KEY) },
    answer: () => Promise.resolve({ child: null }),
  });
  const actor = wgActorWith(open, {
    listen: () => Promise.resolve({ close: () => undefined }),
    tunnels: {
      commands: () => system.run,
      userspaceCommand: ['wireguard-go'],
      socketDir: '/nowhere',
      others: {
        marked: () => Promise.resolve([]),
        kill: () => undefined,
        gone: () => Promise.resolve(true),
      },
    },
  });
  return { system, harness, start: () => harness.start(actor) };
};

test('A WgActor that is replaced leaves interface and guards to the next one, which makes nothing anew', async () => {
  const { system, harness, start } = node();
  await start();
  expect(system.made).toEqual(['interface']);
  await harness.stop('wg', 1000, 'replace');
  expect(system.link).not.toBeNull();
  expect(system.guards).toEqual({ route: true, table: true });
  await start();
  expect(system.made).toEqual(['interface']);
  expect(harness.fact('wg.status')?.transports[0]).toMatchObject({ transport: 'wireguard', state: 'up' });
  await harness.stop('wg');
});

test('A WgActor that is stopped takes down what it has, also what it took over', async () => {
  const { system, harness, start } = node();
  await start();
  await harness.stop('wg', 1000, 'replace');
  await start();
  await harness.stop('wg', 1000, 'shutdown');
  expect(system.link).toBeNull();
  expect(system.guards).toEqual({ route: false, table: false });
});
