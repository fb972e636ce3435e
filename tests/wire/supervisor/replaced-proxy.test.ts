/** A reload that starts the proxy anew, under clients: the daemon with its real proxy, all other actors small. */
import { nodePaths } from '@rustbalance/actors/kernel/config/paths.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { actorPlan } from '@rustbalance/supervisor/thread-plans.js';
import { expect, test } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { measured, measuring } from '../../support/measured.js';
import { requestText } from '../proxy/support/proxy-under-test.js';
import { rawClient } from '../proxy/support/raw-client.js';
import { okay, sayingTarget, scriptedTarget } from '../proxy/support/scripted-target.js';
import { daemonsUnderTest } from './daemon-under-test.js';
import { PATIENCE_MS, smallActor } from './small-system.js';

const { start } = daemonsUnderTest();
const patience = { timeoutMs: PATIENCE_MS, everyMs: 5 };

const aimedAt =
  (port: number) =>
  (config: Config): Config => ({
    ...config,
    target: { ...config.target, url: `http://127.0.0.1:${String(port)}` },
  });

test('clients are served all but a moment while a reload changes the target, even where a download holds the old proxy up', async () => {
  const endless = await scriptedTarget((socket, head) => {
    socket.write(
      head.startsWith('GET /endless') ? okay('x').replace('Length: 1', 'Length: 9') : okay('before'),
    );
  });
  const after = await sayingTarget(okay('after'));
  const daemon = start({
    configured: aimedAt(endless.port),
    supervisor: { shutdown_secs: 5 },
    surroundings: { threadPlan: (name) => (name === 'proxy' ? actorPlan(name) : smallActor()) },
  });
  await daemon.ready;
  const listen = nodePaths(daemon.config).proxyListen;
  const download = rawClient(listen).send(requestText('GET /endless'));
  await download.hears(/x$/);
  let done = false;
  const served: { readonly text: string; readonly atMs: number }[] = [];
  const visit = async (): Promise<void> => {
    while (!done) {
      const text = await rawClient(listen).send(requestText('GET /', 'Connection: close')).closed();
      if (text !== '') served.push({ text, atMs: performance.now() });
    }
  };
  const visitors = [visit(), visit()];
  await eventually('they are served', () => served.length > 20, patience);
  const changed = measuring('a reload changes the target: clients are served from the other');
  daemon.reload(aimedAt(after.port)(daemon.config));
  await eventually('they are served from the other', () => served.at(-1)?.text.endsWith('after'), patience);
  changed();
  done = true;
  await Promise.all(visitors);
  await download.closed();
  const gaps = served.map(({ atMs }, index) => atMs - (served[index - 1]?.atMs ?? atMs));
  measured(
    'a reload changes the target: the longest time in which no client was served',
    Math.max(...gaps) / 1000,
  );
  expect(Math.max(...gaps)).toBeLessThan(1_000);
  expect(served.every(({ text }) => /(before|after)$/.test(text))).toBe(true);
});
