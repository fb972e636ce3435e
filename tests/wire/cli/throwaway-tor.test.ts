import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Curve25519SecretKey } from '@rustbalance/crypto-worker/brands.js';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import type { CommandOrder } from '@rustbalance/actors/kernel/host-messages.js';
import { startThrowawayTor } from '@rustbalance/cli/join/throwaway-tor.js';
import type { ThrowawayTor } from '@rustbalance/cli/join/throwaway-tor.js';
import { CapabilityDrop } from '@rustbalance/supervisor/capability-drop.js';
import { runCommand } from '@rustbalance/supervisor/run-command.js';

let folder = '';
let tor: ThrowawayTor | null = null;
let told: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rb-throwaway-'));
  told = [];
});
afterEach(async () => {
  await tor?.close();
  tor = null;
  await rm(folder, { recursive: true, force: true });
});

const ofUnit = (run = (order: CommandOrder) => runCommand(order, systemClock)): CapabilityDrop =>
  new CapabilityDrop({ ownStatus: () => 'CapInh:\t0000000000001000\nCapAmb:\t0000000000001000\n', run });

/** A program in place of Tor that notes how it was started, and knows its network at once. */
const start = async (capabilities?: CapabilityDrop, binary?: string): Promise<void> => {
  const path = join(folder, 'tor');
  const script = [
    '#!/bin/sh',
    `printf '%s\\n' "$@" > '${folder}/args'`,
    `wc -c < "$4" > '${folder}/defaults'`,
    `grep -E '^Cap(Inh|Amb)' /proc/self/status > '${folder}/status'`,
    'echo "[notice] Bootstrapped 100% (done): Done"',
    'exec sleep 1000',
  ];
  await writeFile(path, `${script.join('\n')}\n`);
  await chmod(path, 0o755);
  const options = {
    binary: binary ?? path,
    extraTorrc: [],
    addresses: [],
    clientAuthorization: new Uint8Array(32) as Curve25519SecretKey,
    clock: systemClock,
    interrupted: new AbortController().signal,
    tell: (line: string) => void told.push(line),
  };
  tor = await startThrowawayTor(options, capabilities);
};
const noted = async (what: 'args' | 'defaults' | 'status'): Promise<string> =>
  (await readFile(join(folder, what), 'utf8')).trim();

test('the Tor of a join reads its own torrc and empty defaults, none of the system’s', async () => {
  await start();
  const [f, torrc, option, defaults, ...more] = (await noted('args')).split('\n');
  expect([f, option, more]).toEqual(['-f', '--defaults-torrc', []]);
  expect(torrc).toMatch(/\/torrc$/);
  expect(defaults).toMatch(/\/torrc-defaults$/);
  expect(await noted('defaults')).toBe('0');
});

test('the Tor of a join under the unit of the daemon inherits none of its capabilities', async () => {
  await start(ofUnit());
  expect(await noted('status')).toBe('CapInh:\t0000000000000000\nCapAmb:\t0000000000000000');
  expect(await noted('args')).toMatch(/^-f\n/);
  expect(told).toEqual(['Tor: 100 %']);
});

test('a join goes on where they cannot be dropped, and says so', async () => {
  await start(ofUnit(() => Promise.resolve({ ended: 'not-started', code: null, stdout: '', stderr: '' })));
  expect(tor?.isRunning()).toBe(true);
  expect(told[0]).toContain('host.capabilities-kept');
});

test('a join without a tor program says why', async () => {
  await expect(start(ofUnit(), '/nowhere/tor')).rejects.toMatchObject({
    code: 'join.tor-failed',
    data: { detail: { reason: 'ENOENT' } },
  });
});
