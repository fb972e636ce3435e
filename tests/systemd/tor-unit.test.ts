/** The shipped unit of Tor beside the daemon's, in a private Tor network. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measuring } from '../support/measured.js';
import { TOR } from '../support/systemd/install.js';
import { startOwnTorNode, untilServed } from '../support/systemd/own-tor.js';
import type { OwnTorNode } from '../support/systemd/own-tor.js';

let node: OwnTorNode;

beforeAll(async () => {
  node = await startOwnTorNode();
}, 400_000);
afterAll(async () => {
  await node.stop();
});

const ready = (timeoutMs: number) =>
  node.daemon.until('the daemon is ready', (status) => status.ready, timeoutMs);

describe('a Tor that systemd runs', () => {
  it('serves the address, without the keys of the address or a file of the daemon’s in its reach', async () => {
    expect(await untilServed(node, 60_000)).toBeGreaterThan(0);
    const pid = String(await node.torPid());
    const inside = await node.machine.run('nsenter', '-t', pid, '--mount', 'ls', '/etc/rustbalance');
    expect(inside.stdout).not.toContain('master.key');
  }, 120_000);

  it('outlives a daemon that is killed, and keeps its introduction points', async () => {
    await node.calm();
    const points = await node.publishedPoints();
    expect(points.length).toBeGreaterThanOrEqual(3);
    const [tor, daemon] = [await node.torPid(), await node.daemon.pid()];
    const served = measuring('the daemon is killed, its Tor in a unit of its own: a client is served');
    await node.daemon.signal('KILL');
    // By what it knows already: nothing that it fetches anew could be the reason that it is served.
    await untilServed(node, 60_000);
    served();
    expect(await node.daemon.pid()).not.toBe(daemon);
    expect(await node.torPid()).toBe(tor);
    await ready(60_000);
    await node.published(60_000);
    expect(await node.publishedPoints()).toEqual(points);
  }, 480_000);

  it('outlives a daemon that is stopped and started, and keeps its introduction points', async () => {
    await node.calm();
    const points = await node.publishedPoints();
    await node.machine.must('systemctl', 'restart', 'rustbalance');
    await node.published(60_000);
    await untilServed(node, 60_000);
    expect(await node.publishedPoints()).toEqual(points);
  }, 480_000);

  it('is started again when it is killed, and the daemon, the same as before, serves on it', async () => {
    const [tor, daemon] = [await node.torPid(), await node.daemon.pid()];
    const up = measuring('the Tor of its own unit is killed: it is up again');
    await node.machine.must('systemctl', 'kill', '--signal=KILL', TOR);
    await node.daemon.until('Tor is lost', (status) => status.tor.state !== 'up', 60_000);
    const lostMs = Date.now();
    await node.daemon.until('Tor is up', (status) => status.tor.state === 'up', 60_000);
    up();
    await node.published(60_000, lostMs);
    // Relays of a network without traffic may keep the word that the old introduction circuits are gone (tests/bench/main.ts).
    await node.client.dropDescriptor(node.address);
    await untilServed(node, 60_000);
    expect(await node.torPid()).not.toBe(tor);
    expect(await node.daemon.pid()).toBe(daemon);
  }, 480_000);

  it('that hangs is killed by the daemon, whose user it runs as, and started again by systemd', async () => {
    const [tor, daemon] = [await node.torPid(), await node.daemon.pid()];
    const left = measuring('the Tor of its own unit hangs: the daemon has noticed');
    const up = measuring('the Tor of its own unit hangs: another is up');
    await node.machine.must('systemctl', 'kill', '--signal=STOP', TOR);
    await node.daemon.until('Tor is doubted', (status) => status.tor.state !== 'up', 60_000);
    const lostMs = Date.now();
    left();
    await node.daemon.until('Tor is up', (status) => status.tor.state === 'up', 120_000);
    up();
    await node.published(60_000, lostMs);
    // Relays of a network without traffic may keep the word that the old introduction circuits are gone (tests/bench/main.ts).
    await node.client.dropDescriptor(node.address);
    await untilServed(node, 60_000);
    expect(await node.torPid()).not.toBe(tor);
    expect(await node.daemon.pid()).toBe(daemon);
    const journal = await node.machine.journal('rustbalance', 400);
    expect(journal).toContain('ended the Tor of this system by a signal');
  }, 480_000);
});
