import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { acceptsConnections } from '@rustbalance/actors/kernel/accepts-connections.js';
import { eventually } from '../support/eventually.js';
import { INTERFACE, Mesh, NETWORK } from '../support/netns/mesh-node.js';
import type { MeshNode, NodeOptions } from '../support/netns/mesh-node.js';
import { Namespace } from '../support/netns/namespace.js';
import { UdpAgent } from '../support/netns/udp-agent.js';

const execute = promisify(execFile);
const PATIENCE = { timeoutMs: 30_000 };
/** So long that nothing is looked at but at the start: what holds then holds by itself. */
const NEVER_CHECKED: NodeOptions = { checkSecs: 3600 };
const DEAF = { datagram: () => undefined, failed: () => undefined };

let mesh: Mesh | null = null;
afterEach(async () => {
  await mesh?.end();
  mesh = null;
});

const made = async (count: number, options: NodeOptions): Promise<readonly MeshNode[]> => {
  mesh = await Mesh.make(count, options);
  return mesh.nodes;
};

const takeGuardsAway = async ({ namespace }: MeshNode): Promise<void> => {
  await namespace.run('nft', 'delete', 'table', 'ip6', `rustbalance-${INTERFACE}`);
  await namespace.run('ip', '-6', 'route', 'del', 'unreachable', NETWORK, 'metric', '4096');
};

describe('the guards of the tunnel network', () => {
  test('with the interface down nothing for it leaves in plain text; without them it would', async () => {
    const [a, b] = await made(2, NEVER_CHECKED);
    await mesh!.form();
    await a!.reaches(b!, PATIENCE.timeoutMs);
    const { namespace } = a!;
    await namespace.run('nft', 'add table ip6 seen');
    await namespace.run('nft', 'add chain ip6 seen out { type filter hook postrouting priority 0; }');
    await namespace.run('nft', `add rule ip6 seen out oifname "eth0" ip6 daddr ${NETWORK} counter`);
    const leaked = async (): Promise<number> =>
      Number(/packets (\d+)/.exec(await namespace.run('nft', 'list', 'table', 'ip6', 'seen'))?.[1]);
    await namespace.run('ip', 'link', 'set', 'down', 'dev', INTERFACE);

    const plain = await a!.agent.open({ host: '::', port: 0 }, DEAF);
    const codes: string[] = [];
    const send = (): void => {
      plain.send(Uint8Array.of(1), { host: b!.tunnelAddress, port: 7001 }, (code) => codes.push(code));
    };
    for (let count = 0; count < 10; count++) send();
    await eventually('all are refused', () => codes.length === 10, PATIENCE);
    expect(await leaked()).toBe(0);
    // The route alone holds too, where nftables are missing.
    await namespace.run('nft', 'delete', 'table', 'ip6', `rustbalance-${INTERFACE}`);
    for (let count = 0; count < 10; count++) send();
    await eventually('all are refused', () => codes.length === 20, PATIENCE);
    expect(await leaked()).toBe(0);

    await namespace.run('ip', '-6', 'route', 'del', 'unreachable', NETWORK, 'metric', '4096');
    await eventually(
      'it leaks',
      async () => {
        send();
        return (await leaked()) > 0;
      },
      PATIENCE,
    );
  });

  test('plain datagrams of a neighbour do not reach the tunnel address; without them they would', async () => {
    const [a, b] = await made(2, NEVER_CHECKED);
    await mesh!.form();
    await b!.reaches(a!, PATIENCE.timeoutMs);
    const neighbour = await Namespace.make();
    await mesh!.lan.plug(neighbour, 'port9', '10.77.0.9');
    const agent = new UdpAgent(neighbour);
    try {
      // The kernel makes it by itself, a moment after the link is up.
      const via = await eventually(
        'a link-local address',
        async () => {
          const link = ['-o', '-6', 'addr', 'show', 'dev', 'eth0', 'scope', 'link'];
          return /inet6 (\S+)\//.exec(await a!.namespace.run('ip', ...link))?.[1];
        },
        PATIENCE,
      );
      await neighbour.run('ip', '-6', 'route', 'add', NETWORK, 'via', via, 'dev', 'eth0');
      const [{ address: mac }] = JSON.parse(
        await a!.namespace.run('ip', '-j', 'link', 'show', 'dev', 'eth0'),
      ) as [{ address: string }];
      // Asking for it with the forged address, the neighbour would get the answer through the tunnel.
      await neighbour.run('ip', '-6', 'neigh', 'replace', via, 'lladdr', mac, 'dev', 'eth0');
      // A forged member of the mesh.
      await neighbour.run('ip', '-6', 'addr', 'add', `${b!.tunnelAddress}/128`, 'dev', 'eth0', 'nodad');
      const forged = await agent.open({ host: b!.tunnelAddress, port: 7001 }, DEAF);
      const counted = async (): Promise<number> => {
        const table = await a!.namespace.run('nft', 'list', 'table', 'ip6', `rustbalance-${INTERFACE}`);
        return Number(/iifname .* counter packets (\d+)/.exec(table)?.[1]);
      };
      const mark = Uint8Array.of(6, 6, 6);
      const heard = (): boolean => a!.received.some(({ bytes }) => Buffer.compare(bytes, mark) === 0);
      const send = (): void => {
        forged.send(mark, { host: a!.tunnelAddress, port: 7001 }, () => undefined);
      };
      await eventually(
        'the guard drops them',
        async () => {
          send();
          return (await counted()) > 5;
        },
        PATIENCE,
      );
      expect(heard()).toBe(false);
      await takeGuardsAway(a!);
      await eventually(
        'they arrive',
        () => {
          send();
          return heard();
        },
        PATIENCE,
      );
    } finally {
      await agent.end();
      await neighbour.end();
    }
  });
});

describe('a node', () => {
  test('refuses an interface of its name that belongs to somebody else, and leaves it as it was', async () => {
    const [a] = await made(1, {});
    const { namespace } = a!;
    const theirs = execute(
      'nsenter',
      [...namespace.enter, 'env', 'WG_PROCESS_FOREGROUND=1', 'wireguard-go', '-f', INTERFACE],
      { timeout: 90_000 },
    );
    try {
      await eventually('their interface', () => namespace.run('ip', 'link', 'show', INTERFACE), PATIENCE);
      // `wg` unlinks a socket that refuses it, and so ends a wireguard-go that is starting.
      const socket = namespace.path(`/run/wireguard/${INTERFACE}.sock`);
      await eventually('it takes commands', () => acceptsConnections(socket), PATIENCE);
      await eventually(
        'their key',
        () =>
          namespace.run(
            'sh',
            '-c',
            `wg genkey | sh -c 'cat | wg set ${INTERFACE} private-key /dev/stdin' && echo set`,
          ),
        PATIENCE,
      );
      const before = await namespace.run('wg', 'show', INTERFACE, 'dump');
      await expect(a!.start()).rejects.toMatchObject({
        code: 'wireguard.foreign-interface',
        data: { where: 'wireguard.interface', detail: { interface: INTERFACE } },
      });
      expect(await namespace.run('wg', 'show', INTERFACE, 'dump')).toBe(before);
      expect(await namespace.run('nft', 'list', 'tables')).toBe('');
    } finally {
      theirs.child.kill('SIGKILL');
      await theirs.catch(() => undefined);
    }
  });

  test.each(['runs on', 'is stopped'])(
    'that was killed finds its tunnel again: the wireguard-go it left %s',
    async (how) => {
      const [a, b] = await made(2, {});
      await mesh!.form();
      await a!.reaches(b!, PATIENCE.timeoutMs);
      const left = a!.wireguardPid;
      if (how === 'is stopped') process.kill(left, 'SIGSTOP');
      await a!.crash();
      await a!.start();
      a!.knows(b!);
      await a!.reaches(b!, PATIENCE.timeoutMs);
      await b!.reaches(a!, PATIENCE.timeoutMs);
      // The one that was left carries until it is replaced.
      await eventually('the node has a wireguard-go of its own', () => a!.wireguardPid !== left, PATIENCE);
      await a!.reaches(b!, PATIENCE.timeoutMs);
      expect(() => process.kill(left, 0)).toThrow();
    },
  );

  test('needs CAP_NET_ADMIN alone', async () => {
    const before = [
      'setpriv',
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      '--inh-caps=-all,+net_admin',
      '--ambient-caps=-all,+net_admin',
      '--bounding-set=-all,+net_admin',
      '--no-new-privs',
      '--',
    ];
    const [a, b] = await made(2, { before });
    // As Debian has it; without udev it is root's alone.
    const openDevice = 'mknod -m 666 /run/tun c 10 200 && mount --bind /run/tun /dev/net/tun';
    for (const { namespace } of [a!, b!]) {
      await namespace.run('chown', '65534', '/run/wireguard');
      await namespace.run('sh', '-c', openDevice);
    }
    await mesh!.form();
    await a!.reaches(b!, PATIENCE.timeoutMs);
    await a!.namespace.run('ip', 'link', 'del', 'dev', INTERFACE);
    await a!.reaches(b!, PATIENCE.timeoutMs);
    expect(a!.harness.logs.map(({ error }) => error?.code)).not.toContain('wireguard.guard-failed');
  });
});
