import { curve25519PublicKey } from '@rustbalance/crypto-worker/x25519.js';
import { connect, createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SocksClient } from 'socks';
import type { Curve25519SecretKey, OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import { TASKS } from '@rustbalance/crypto-worker/tasks.js';
import { nodePaths } from '@rustbalance/actors/kernel/config/paths.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import type { CoordinationService } from '@rustbalance/actors/wg/messages.js';
import { eventually } from '../support/eventually.js';
import { startTorActor, type TorActorHarness } from '../support/tor-actor-context.js';
import {
  controlOf,
  keysOf,
  managedConfig,
  nodeFolder,
  ownPoints,
  removeFolder,
  threePoints,
} from '../support/tor-actor-world.js';
import { knownToActor, untilCalm } from '../support/tor-network/calm.js';
import { startTorNetwork } from '../support/tor-network/network.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';

let network: TorNetwork;
const folders: string[] = [];
const nodes: TorActorHarness[] = [];
const servers: Server[] = [];

interface Node {
  readonly config: Config;
  readonly tor: TorActorHarness;
}

beforeAll(async () => {
  network = await startTorNetwork({ relays: 9, consensusParams: { hsdir_spread_store: 1 } });
});
afterAll(() => network.stop());
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  for (const node of nodes.splice(0)) {
    await node.stop();
    await node.host.stop();
  }
  await Promise.all(folders.splice(0).map(removeFolder));
});

const start = async (fill: number): Promise<Node> => {
  const folder = await nodeFolder();
  folders.push(folder);
  const config = managedConfig(network, folder);
  const tor = await startTorActor({ config, nodeKey: new Uint8Array(32).fill(fill) });
  nodes.push(tor);
  return { config, tor };
};

const secretOf = (fill: number): Curve25519SecretKey => new Uint8Array(32).fill(fill) as Curve25519SecretKey;
const client = (fill: number): CoordinationService['clients'][number] => ({
  name: `client-${String(fill)}`,
  publicKey: curve25519PublicKey(secretOf(fill)),
});

/** Answers `hi` behind both ports. */
const listenFor = async ({ config }: Node): Promise<Omit<CoordinationService, 'clients'>> => {
  const { datagramSocket, joinSocket } = nodePaths(config);
  for (const path of [datagramSocket, joinSocket]) {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('hi');
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(path, resolve));
  }
  return { datagramTarget: `unix:${datagramSocket}`, joinTarget: `unix:${joinSocket}` };
};

const serve = (node: Node, service: CoordinationService | null): void => {
  node.tor.actor.handlers['wg.coordination']?.({ service });
};
const authorize = (node: Node, address: OnionAddress, fill: number): void => {
  const authorizations = [{ address, secret: secretOf(fill) }];
  node.tor.actor.handlers['tor.client-authorizations']({ authorizations });
};

/** Whether a stream through this node's Tor reaches the service's port, on a circuit of its own. */
const reaches = async ({ config }: Node, address: OnionAddress, port = 7001): Promise<boolean> => {
  const socket = connect({ path: nodePaths(config).torSocksSocket });
  const name = String(Math.random());
  try {
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    await SocksClient.createConnection({
      command: 'connect',
      proxy: { host: 'localhost', port: 9050, type: 5, userId: name, password: name },
      existing_socket: socket,
      destination: { host: `${address}.onion`, port },
      timeout: 30_000,
    });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};

const stateIs = (node: Node, state: string): Promise<unknown> =>
  eventually(
    `the coordination service is ${state}`,
    () => node.tor.fact('tor.coordination')?.state === state,
    {
      timeoutMs: 60_000,
    },
  );

/** Ids of established introduction circuits of this address, as Tor tells the test itself. */
const introCircuits = async (node: Node, address: OnionAddress): Promise<string[]> => {
  const control = await controlOf(node.config);
  const lines = (await control.getInfo('circuit-status')).split('\n');
  control.close();
  return lines
    .filter((line) => line.includes(`REND_QUERY=${address}`) && line.includes('HS_STATE=HSSI_ESTABLISHED'))
    .map((line) => line.split(' ')[0] ?? '');
};

describe('the coordination service', () => {
  it('lets in whom it authorizes, changes that without losing a point, and is gone with its last client', async () => {
    const [service, friend, late] = [await start(1), await start(2), await start(3)];
    const targets = await listenFor(service);
    const address = service.tor.fact('tor.coordination')?.address as OnionAddress;
    serve(service, { ...targets, clients: [client(10)] });
    await threePoints(service.tor);
    await stateIs(service, 'published');
    await Promise.all([threePoints(friend.tor), threePoints(late.tor)]);

    authorize(friend, address, 10);
    await eventually('the authorized client gets in', () => reaches(friend, address), { timeoutMs: 60_000 });
    expect(await reaches(friend, address, 7002)).toBe(true);
    expect(await reaches(late, address)).toBe(false);
    authorize(late, address, 11);
    expect(await reaches(late, address)).toBe(false);

    // At a shared random value Tor closes the circuits of desc_current by itself, and at a time period other points are ours.
    await untilCalm({ network, knowledge: [knownToActor(service.tor)], secs: 60 });
    const own = keysOf(await threePoints(service.tor));
    const before = await introCircuits(service, address);
    serve(service, { ...targets, clients: [client(10), client(11)] });
    await eventually('the new client gets in', () => reaches(late, address), { timeoutMs: 120_000 });
    expect(await introCircuits(service, address)).toEqual(expect.arrayContaining(before));
    expect(keysOf(ownPoints(service.tor))).toEqual(own);

    const control = await controlOf(service.config);
    await control.command('SIGNAL RELOAD');
    control.close();
    expect(await reaches(friend, address)).toBe(true);
    expect(await introCircuits(service, address)).toEqual(expect.arrayContaining(before));

    serve(service, { ...targets, clients: [] });
    await eventually('it is gone', async () => (await introCircuits(service, address)).length === 0, {
      timeoutMs: 20_000,
    });
    await stateIs(service, 'none');
    expect(keysOf(ownPoints(service.tor))).toEqual(own);
    expect(service.tor.actor.inspect().context).toMatchObject({ introductionPoints: 3 });
  });

  it('lets in whom it authorized within a second of another, though the HSDirs refuse that descriptor', async () => {
    const [service, late] = [await start(7), await start(8)];
    const targets = await listenFor(service);
    const address = service.tor.fact('tor.coordination')?.address as OnionAddress;
    serve(service, { ...targets, clients: [client(10)] });
    await Promise.all([threePoints(service.tor), threePoints(late.tor)]);
    await stateIs(service, 'published');
    const control = await controlOf(service.config);
    const told: string[] = [];
    control.onEvent(({ text }) => {
      if (text.split(' ')[1] === address) told.push(text);
    });
    await control.subscribe('HS_DESC');
    const count = (...actions: readonly string[]): number =>
      told.filter((text) => actions.some((action) => text.startsWith(`${action} `))).length;
    const isRefusal = (text: string): boolean =>
      text.startsWith('FAILED ') && text.includes('REASON=UPLOAD_REJECTED');
    const last = await eventually(
      'two changes fall into one second of the clock, by which Tor counts revisions',
      async () => {
        const fill = 20 + 2 * told.length;
        const uploads = count('UPLOAD');
        const refusals = told.filter(isRefusal).length;
        await eventually('a second begins', () => Date.now() % 1000 < 50, { timeoutMs: 5_000, everyMs: 5 });
        serve(service, { ...targets, clients: [client(fill % 200)] });
        await eventually('the first is uploaded', () => count('UPLOAD') > uploads, {
          timeoutMs: 10_000,
          everyMs: 5,
        });
        const answers = count('UPLOADED', 'FAILED');
        serve(service, { ...targets, clients: [client(fill % 200), client((fill + 1) % 200)] });
        // Tor gives up those of the first that are under way, without a word.
        await eventually('HSDirs answer the second', () => count('UPLOADED', 'FAILED') > answers + 1, {
          timeoutMs: 20_000,
        });
        return told.filter(isRefusal).length > refusals ? (fill + 1) % 200 : null;
      },
      // A try takes a second or two, and on a slow machine few of them are quick enough.
      { timeoutMs: 240_000 },
    );
    const refusedAt = told.findLastIndex(isRefusal);
    await eventually(
      'what was refused is uploaded again',
      () => told.slice(refusedAt).some((text) => text.startsWith('UPLOAD ')),
      { timeoutMs: 20_000 },
    );
    authorize(late, address, last);
    await eventually('the last client gets in', () => reaches(late, address), { timeoutMs: 120_000 });
    control.close();
  });

  it('comes back after the Tor of either side was killed', async () => {
    const [service, friend] = [await start(4), await start(5)];
    const targets = await listenFor(service);
    const address = service.tor.fact('tor.coordination')?.address as OnionAddress;
    serve(service, { ...targets, clients: [client(10)] });
    authorize(friend, address, 10);
    const own = keysOf(await threePoints(service.tor));
    const theirs = keysOf(await threePoints(friend.tor));
    await stateIs(service, 'published');
    await eventually('the client gets in', () => reaches(friend, address), { timeoutMs: 60_000 });
    for (const { tor } of [service, friend]) process.kill(tor.host.children.at(-1)?.pid ?? 0, 'SIGKILL');
    await threePoints(service.tor, own);
    await threePoints(friend.tor, theirs);
    await stateIs(service, 'published');
    await eventually('the client gets in again', () => reaches(friend, address), { timeoutMs: 60_000 });
  });

  it('is reached still after its client read its configuration anew, which makes Tor forget keys', async () => {
    const friend = await start(6);
    const address = friend.tor.fact('tor.coordination')?.address as OnionAddress;
    authorize(friend, address, 10);
    await threePoints(friend.tor);
    const control = await controlOf(friend.config);
    const held = async (): Promise<string> =>
      (await control.command('ONION_CLIENT_AUTH_VIEW')).lines.map(({ text }) => text.slice(0, 70)).join(' ');
    await eventually('Tor has the key', async () => (await held()).includes(address), { timeoutMs: 10_000 });
    const generated = TASKS.generateIdentity({ seed: new Uint8Array(32).fill(99) });
    if (!generated.ok) throw new Error(generated.detail);
    const another = generated.value.address;
    for (const command of ['SIGNAL RELOAD', 'SETCONF AvoidDiskWrites=0']) {
      await control.command(
        `ONION_CLIENT_AUTH_ADD ${another} x25519:${Buffer.alloc(32, 3).toString('base64')}`,
      );
      expect(await held()).toContain(another);
      await control.command(command);
      await eventually(`${command} makes it forget`, async () => !(await held()).includes(another), {
        timeoutMs: 10_000,
      });
      await eventually('Tor has ours again', async () => (await held()).includes(address), {
        timeoutMs: 10_000,
      });
    }
    control.close();
  });
});
