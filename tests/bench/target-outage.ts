import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type RequestListener, type Server, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { healthActor } from '@rustbalance/actors/health/actor.js';
import { selfTestKey } from '@rustbalance/actors/kernel/cluster-keys.js';
import { configSchema } from '@rustbalance/actors/kernel/config/schema.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import { proxyActor } from '@rustbalance/actors/proxy/actor.js';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import { encodeOnionAddress } from '@rustbalance/crypto-worker/keys/onion-address.js';
import { HarnessNode } from '../support/actor-harness.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

const RUNS = 10;
/** Each node has a visitor, who comes this often whatever became of the visits before. */
const VISIT_EVERY_MS = 200;
const PATIENCE_MS = 60_000;

const MASTER = `${encodeOnionAddress(generateIdentity(new Uint8Array(32).fill(1)).publicKey)}.onion`;

type Fault = 'killed' | 'hung';

interface Outage {
  /** From the fault to the first page that says at once that no target is well. */
  readonly turnedAwayMs: number;
  /** From the end of the fault to the first page of the target. */
  readonly backMs: number;
}

/** Resolves with the status, or null when none came in time. */
const visit = (socketPath: string): Promise<number | null> =>
  new Promise((resolve) => {
    const sent = request({
      socketPath,
      path: '/',
      agent: false,
      headers: { host: MASTER },
      timeout: PATIENCE_MS,
    });
    sent.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => {
      resolve(null);
    });
    sent.end();
  });

/** Visits until somebody is answered with `status`; gives how long that took. */
const until = async (socketPath: string, status: number): Promise<number> => {
  const beganMs = performance.now();
  let cameMs: number | null = null;
  const isDone = (): boolean => cameMs !== null || performance.now() - beganMs > PATIENCE_MS;
  while (!isDone()) {
    void visit(socketPath).then((got) => {
      if (got === status) cameMs ??= performance.now() - beganMs;
    });
    await delay(VISIT_EVERY_MS);
  }
  if (cameMs === null) throw new Error(`status ${String(status)} never came`);
  return cameMs;
};

const listen = async (server: Server, port: number): Promise<number> => {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

const outage = async (fault: Fault): Promise<Outage> => {
  const dir = await mkdtemp(join(tmpdir(), 'rb-'));
  let hangs = false;
  const page: RequestListener = (_request, response) => {
    if (!hangs) response.end('page');
  };
  let target = createServer(page);
  const port = await listen(target, 0);
  const harness = new HarnessNode({
    config: configSchema.parse({
      node: { id: 'a', run_dir: dir, state_dir: dir },
      master: { onion_address: MASTER },
      target: { url: `http://127.0.0.1:${String(port)}` },
      health: { http_probe_enabled: true },
    }),
    secrets: {
      masterKey: null,
      nodeKey: null,
      clusterToken: null,
      wireguardKey: null,
      controlPassword: null,
      selfTestKey: selfTestKey(new Secret(new Uint8Array(32)), MASTER),
    },
  });
  const end = (): void => {
    target.close();
    target.closeAllConnections();
  };
  try {
    await harness.start(proxyActor);
    await harness.start(healthActor);
    const socketPath = join(dir, 'proxy.sock');
    await until(socketPath, 200);
    if (fault === 'killed') end();
    else hangs = true;
    const turnedAwayMs = await until(socketPath, 503);
    hangs = false;
    if (fault === 'killed') {
      target = createServer(page);
      await listen(target, port);
    }
    return { turnedAwayMs, backMs: await until(socketPath, 200) };
  } finally {
    end();
    await harness.stopAll();
    await rm(dir, { recursive: true, force: true });
  }
};

/** How long clients feel that the only target is gone, with the probes of the default settings and HTTP probes on. */
export const targetOutageFigures = async (): Promise<Figure[]> => {
  const figures: Figure[] = [];
  for (const fault of ['killed', 'hung'] as const) {
    const outages = await Promise.all(Array.from({ length: RUNS }, () => outage(fault)));
    const figure = (what: string, samples: readonly number[]): Figure => ({
      what: `target ${fault}: ${what}`,
      unit: 's',
      spread: spread(samples.map((ms) => ms / 1000)),
      target: null,
      met: null,
    });
    figures.push(
      figure(
        'until clients are turned away at once',
        outages.map(({ turnedAwayMs }) => turnedAwayMs),
      ),
      figure(
        'until they are served after its return',
        outages.map(({ backMs }) => backMs),
      ),
    );
  }
  return figures;
};
