import { afterEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { measuring } from '../support/measured.js';
import { CHECK_SECS, INTERFACE, Mesh, NETWORK } from '../support/netns/mesh-node.js';
import type { MeshNode, NodeOptions } from '../support/netns/mesh-node.js';

/** A check interval, the building, a handshake that is tried every 5 s, and a loaded machine. */
const MENDED_WITHIN_MS = CHECK_SECS * 1000 + 29_000;
const PATIENCE = { timeoutMs: 30_000 };

let mesh: Mesh | null = null;
afterEach(async () => {
  await mesh?.end();
  mesh = null;
});

const formed = async (count: number, options: NodeOptions = {}): Promise<readonly MeshNode[]> => {
  const made = await Mesh.make(count, options);
  mesh = made;
  await made.form();
  return made.nodes;
};
const pair = async (options: NodeOptions = {}): Promise<readonly [MeshNode, MeshNode]> => {
  const [a, b] = await formed(2, options);
  await a!.reaches(b!, MENDED_WITHIN_MS);
  await b!.reaches(a!, MENDED_WITHIN_MS);
  return [a!, b!];
};
const bothWays = async (a: MeshNode, b: MeshNode): Promise<void> => {
  await a.reaches(b, MENDED_WITHIN_MS);
  await b.reaches(a, MENDED_WITHIN_MS);
};

/** What a node leaves in its namespace: interfaces, routes, tables, sockets. */
const traces = async ({ namespace }: MeshNode): Promise<readonly string[]> => {
  const [links, routes, tables, sockets] = await Promise.all([
    namespace.run('ip', '-o', 'link'),
    namespace.run('ip', '-6', 'route', 'show', 'table', 'all'),
    namespace.run('nft', 'list', 'tables'),
    namespace.run('ls', '/run/wireguard'),
  ]);
  return [links, routes, tables, sockets].flatMap((text) =>
    text.split('\n').filter((line) => /wg-rb|rustbalance|unreachable/.test(line)),
  );
};

describe('nodes with tunnels between them', () => {
  test('two exchange datagrams, and leave nothing behind when they end', async () => {
    const [a, b] = await pair();
    expect(a.status).toMatchObject({ transport: 'wireguard', state: 'up', lastError: null });
    const pid = a.wireguardPid;
    await a.harness.stopAll();
    expect(await traces(a)).toEqual([]);
    expect(() => process.kill(pid, 0)).toThrow();
    expect((await traces(b)).length).toBeGreaterThan(0);
  });

  test('three reach each other; one that is removed is out at once, and the others notice nothing', async () => {
    const [a, b, c] = (await formed(3)) as [MeshNode, MeshNode, MeshNode];
    for (const [from, to] of [
      [a, b],
      [b, c],
      [c, a],
    ] as const)
      await bothWays(from, to);
    const handshakes = async (): Promise<string> =>
      (await a.namespace.run('wg', 'show', INTERFACE, 'latest-handshakes'))
        .split('\n')
        .filter((line) =>
          line.startsWith(Buffer.from(b.member.addresses.wireguard!.publicKey).toString('base64')),
        )
        .join();
    const before = await handshakes();
    a.knows(b);
    await eventually(
      'a has forgotten c',
      async () => (await a.namespace.run('wg', 'show', INTERFACE, 'peers')).trim().split('\n').length === 1,
      PATIENCE,
    );
    expect(await handshakes()).toBe(before);
    const heard = a.received.length;
    c.send(a, Uint8Array.of(1));
    await bothWays(a, b);
    expect(a.received.slice(heard).some(({ bytes }) => bytes.length === 1)).toBe(false);
    a.knows(b, c);
    await bothWays(a, c);
  });

  test('no command is given a key that is secret', async () => {
    const [a, b] = await pair();
    const argv = [a, b].flatMap(({ commands }) => commands.flatMap(({ args }) => args)).join(' ');
    const inputs = a.commands.map(({ input }) => Buffer.from(input ?? []).toString()).join('\n');
    for (const node of [a, b]) expect(argv).not.toContain(Buffer.from(node.privateKey).toString('base64'));
    const preshared = /PresharedKey = (\S+)/.exec(inputs)?.[1];
    expect(preshared).toHaveLength(44);
    expect(argv).not.toContain(preshared);
    const told = JSON.stringify([a.harness.logs, a.harness.inspect('wg'), a.status]);
    expect(told).not.toContain(Buffer.from(a.privateKey).toString('base64'));
    expect(told).not.toContain(preshared);
  });
});

describe('a tunnel that works', () => {
  test.each<readonly [string, (a: MeshNode) => Promise<unknown>]>([
    ['its interface was deleted', (a) => a.namespace.run('ip', 'link', 'del', 'dev', INTERFACE)],
    ['its interface was set down', (a) => a.namespace.run('ip', 'link', 'set', 'down', 'dev', INTERFACE)],
    ['wireguard-go was killed', (a) => Promise.resolve(process.kill(a.wireguardPid, 'SIGKILL'))],
    ['wireguard-go was stopped', (a) => Promise.resolve(process.kill(a.wireguardPid, 'SIGSTOP'))],
    ['its address was removed', (a) => a.namespace.run('ip', '-6', 'addr', 'flush', 'dev', INTERFACE)],
    [
      'its peers were removed',
      async (a) => {
        const peer = (await a.namespace.run('wg', 'show', INTERFACE, 'peers')).trim();
        await a.namespace.run('wg', 'set', INTERFACE, 'peer', peer, 'remove');
      },
    ],
  ])('works again after %s', async (what, damage) => {
    const [a, b] = await pair();
    const carries = measuring(`a tunnel, ${what} (looked at every second): carries both ways`);
    await damage(a);
    await bothWays(a, b);
    carries();
    await eventually('it says so', () => a.status?.state === 'up', PATIENCE);
  });

  test('is made anew when a repair orders it, and works again', async () => {
    const [a, b] = await pair();
    const before = a.wireguardPid;
    const carries = measuring('a tunnel is made anew by a repair: carries both ways');
    a.harness.order('wg.rebuild', { reason: 'a test' });
    await eventually('it was made anew', () => a.wireguardPid !== before, PATIENCE);
    await bothWays(a, b);
    carries();
    await eventually('it says so', () => a.status?.state === 'up', PATIENCE);
  });

  test('works again after its node got another address', async () => {
    const [a, b] = await pair();
    const carries = measuring('a node gets another address: its tunnel carries both ways');
    await a.namespace.run('ip', 'addr', 'flush', 'dev', 'eth0');
    await a.namespace.run('ip', 'addr', 'add', '10.77.0.99/24', 'dev', 'eth0');
    await bothWays(a, b);
    carries();
    // And where the announced endpoint is all that the other has:
    a.address = '10.77.0.99';
    b.knows(a);
    await bothWays(b, a);
  });

  test('puts its guards back when they are taken away', async () => {
    const [a] = await pair();
    const back = measuring('the guards of the tunnel network are taken away: both are back');
    await a.namespace.run('nft', 'flush', 'ruleset');
    await a.namespace.run('ip', '-6', 'route', 'del', 'unreachable', NETWORK, 'metric', '4096');
    await eventually(
      'both are back',
      async () => {
        const routes = await a.namespace.run('ip', '-6', 'route', 'show', 'exact', NETWORK);
        return (
          routes.includes('unreachable') && (await a.namespace.run('nft', 'list', 'ruleset')).includes('drop')
        );
      },
      PATIENCE,
    );
    back();
  });
});
