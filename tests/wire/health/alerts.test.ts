import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createHttp } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAlerts } from '@rustbalance/actors/health/alerts/alerts.js';
import type { Alerts } from '@rustbalance/actors/health/alerts/alerts.js';
import type { Finding } from '@rustbalance/actors/health/messages.js';
import type { ActorContext } from '@rustbalance/actors/kernel/actor.js';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { CommandOrder } from '@rustbalance/actors/kernel/host-messages.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import { runCommand } from '@rustbalance/supervisor/run-command.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { configWith } from '../../unit/health/world.js';
import { fakeSocks } from '../proxy/support/fake-socks.js';

const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';
const PATIENCE = { timeoutMs: 15_000 };

let folder: string;
let alerts: Alerts | null = null;
const closing: (() => void)[] = [];
const warnings: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rb-alerts-'));
});
afterEach(async () => {
  alerts?.stop();
  for (const close of closing.splice(0)) close();
  warnings.length = 0;
  await rm(folder, { recursive: true, force: true });
});

const alertsWith = (extra: string): Alerts => {
  const context = {
    config: configWith(`[alerts]\nafter_secs = 0\n${extra}\n`),
    clock: systemClock,
    log: makeLogger(
      'health',
      () => 0,
      ({ error }) => warnings.push(error?.detail['reason'] as string),
    ),
    // The process host's own way of running a command.
    request: (_name: string, order: CommandOrder) => runCommand(order, systemClock),
  } as unknown as ActorContext<'health'>;
  alerts = makeAlerts(context);
  return alerts;
};

const DOWN: Finding = {
  error: errorData('health.target-down', 'target', { reason: 'ECONNREFUSED' }),
  sinceMs: Date.UTC(2026, 0, 1),
  critical: true,
};

const lines = async (path: string): Promise<readonly Record<string, unknown>[]> =>
  (await readFile(path, 'utf8').catch(() => ''))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('a command gets each alert as JSON on its standard input, and nothing else of ours', async () => {
  const out = join(folder, 'told');
  const it = alertsWith(`command = ["sh", "-c", "cat >> ${out}; env >> ${out}.env"]`);
  it.review([DOWN], 1000);
  it.review([DOWN], 2000);
  await eventually('the problem is told', async () => (await lines(out)).length === 1, PATIENCE);
  it.review([], 3000);
  await eventually('the end is told', async () => (await lines(out)).length === 2, PATIENCE);
  const [problem, resolved] = await lines(out);
  expect(problem).toMatchObject({
    version: 1,
    event: 'problem',
    code: 'health.target-down',
    where: 'target',
    since: '2026-01-01T00:00:00.000Z',
  });
  expect(resolved).toMatchObject({ event: 'resolved', code: 'health.target-down' });
  expect(await readFile(`${out}.env`, 'utf8')).not.toMatch(/NOTIFY_SOCKET|CREDENTIALS/);
});

test('a command that fails is said once, and tried again later', async () => {
  const it = alertsWith('command = ["sh", "-c", "exit 3"]');
  it.review([DOWN], 1000);
  await eventually('it is said', () => warnings.length === 1, PATIENCE);
  expect(warnings).toEqual(['it ended with 3']);
  await eventually('it waits', () => it.inspection()['alertsWaiting'] === 1, PATIENCE);
});

test('a webhook that does not answer holds up no command', async () => {
  const out = join(folder, 'told');
  const socks = await fakeSocks({ leadsTo: 0, reply: 'silent' });
  const it = alertsWith(`command = ["sh", "-c", "cat >> ${out}"]\nwebhook = "http://${ONION}/hook"`);
  it.useSocks(socks.address);
  it.review([DOWN], 1000);
  await eventually('the webhook is tried', () => socks.requests.length === 1, PATIENCE);
  it.review([DOWN, { ...DOWN, error: errorData('health.disk-full', '/', {}) }], 2000);
  await eventually('the command is told', async () => (await lines(out)).length === 2, PATIENCE);
});

test('a webhook is posted to through the SOCKS port alone, and waits for Tor', async () => {
  const bodies: string[] = [];
  const web = createHttp((request, response) => {
    let body = `${request.method ?? ''} ${request.url ?? ''} ${request.headers.host ?? ''} `;
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      bodies.push(body);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => {
    web.listen(0, '127.0.0.1', resolve);
  });
  closing.push(() => web.close());
  const socks = await fakeSocks({ leadsTo: (web.address() as AddressInfo).port });

  const it = alertsWith(`webhook = "http://${ONION}:8080/hook?x=1"`);
  it.review([DOWN], 1000);
  await eventually('it is said that Tor is missing', () => warnings.length === 1, PATIENCE);
  expect(warnings).toEqual(['Tor is not up']);
  it.useSocks(socks.address);
  await eventually('it is posted', () => bodies.length === 1, PATIENCE);
  expect(socks.requests).toMatchObject([{ host: ONION, port: 8080, user: 'alert' }]);
  expect(bodies[0]).toMatch(new RegExp(`^POST /hook\\?x=1 ${ONION}:8080 \\{"version":1,"event":"problem"`));
  expect(it.inspection()['alertsWaiting']).toBe(0);
});
