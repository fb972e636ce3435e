import { describe, expect, it } from 'vitest';
import type { OnionAddress, RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';
import { rbError } from '@rustbalance/actors/kernel/errors.js';
import type { HsDescEvent } from '@rustbalance/actors/tor/control/hs-desc-event.js';
import { DescriptorFetcher } from '@rustbalance/actors/tor/descriptor-fetcher.js';
import { SimulatedClock } from '../../support/simulated-clock.js';
import { relayNumber } from './points.js';

const MASTER = 'm'.repeat(56) as OnionAddress;
const OTHER = 'o'.repeat(56) as OnionAddress;

const setUp = (
  send: (address: OnionAddress, hsdir: RelayFingerprint) => Promise<void> = async () => undefined,
) => {
  const clock = new SimulatedClock(0);
  const sent: string[] = [];
  const fetcher = new DescriptorFetcher({
    clock,
    send: (address, hsdir) => {
      sent.push(`${address[0] ?? ''} ${hsdir.slice(0, 2)}`);
      return send(address, hsdir);
    },
  });
  const hsDir = (number: number) => ({ fingerprint: relayNumber(number), nickname: null });
  const content = (address: OnionAddress, number: number, text: string | null): void =>
    fetcher.content({
      type: 'HS_DESC_CONTENT',
      address,
      descriptorId: null,
      hsDir: hsDir(number),
      descriptor: text === null ? null : Buffer.from(text),
    });
  const failure = (address: OnionAddress, number: number, reason: string): HsDescEvent => ({
    type: 'HS_DESC',
    action: 'FAILED',
    address,
    hsDir: hsDir(number),
    descriptorId: 'x',
    reason,
    replica: null,
    hsDirIndex: null,
  });
  return { clock, sent, fetcher, content, failure };
};

describe('fetching from a named HSDir', () => {
  it('gives the document that it holds', async () => {
    const { fetcher, content } = setUp();
    const fetched = fetcher.fetch(MASTER, relayNumber(1));
    content(MASTER, 1, 'hs-descriptor 3\n');
    expect(Buffer.from((await fetched).descriptor!).toString()).toBe('hs-descriptor 3\n');
  });

  it('gives the reason when it holds none', async () => {
    const { fetcher, content, failure } = setUp();
    const fetched = fetcher.fetch(MASTER, relayNumber(1));
    expect(fetcher.failed(failure(MASTER, 1, 'NOT_FOUND'))).toBe(true);
    content(MASTER, 1, null);
    expect(await fetched).toEqual({ descriptor: null, reason: 'NOT_FOUND' });
  });

  it('gives the reason also when no empty document follows', async () => {
    const { fetcher, failure, clock } = setUp();
    const fetched = fetcher.fetch(MASTER, relayNumber(1));
    fetcher.failed(failure(MASTER, 1, 'QUERY_REJECTED'));
    await clock.advance(300);
    expect(await fetched).toEqual({ descriptor: null, reason: 'QUERY_REJECTED' });
  });

  it('ends by its deadline when the HSDir never answers', async () => {
    const { fetcher, clock } = setUp();
    const fetched = fetcher.fetch(MASTER, relayNumber(1));
    await clock.advance(10_000);
    expect(await fetched).toEqual({ descriptor: null, reason: 'NO_ANSWER' });
  });

  it('ends sooner for those who can ask somebody else', async () => {
    const { fetcher, clock, content, sent } = setUp();
    const first = fetcher.fetch(MASTER, relayNumber(1), 4000);
    const second = fetcher.fetch(MASTER, relayNumber(1), 4000);
    await clock.advance(4000);
    expect((await first).reason).toBe('NO_ANSWER');
    expect(sent).toHaveLength(2);
    content(MASTER, 1, 'a');
    expect((await second).reason).toBeNull();
  });

  it('asks each HSDir for one thing at a time, different ones at once', async () => {
    const { fetcher, content, sent } = setUp();
    const first = fetcher.fetch(MASTER, relayNumber(1));
    const second = fetcher.fetch(OTHER, relayNumber(1));
    void fetcher.fetch(MASTER, relayNumber(2)).catch(() => undefined);
    expect(sent).toEqual(['m 01', 'm 02']);
    content(MASTER, 1, 'a');
    await first;
    expect(sent).toEqual(['m 01', 'm 02', 'o 01']);
    content(OTHER, 1, 'b');
    expect((await second).reason).toBeNull();
  });

  it('takes no answer that belongs to another address or HSDir', async () => {
    const { fetcher, content, failure, clock } = setUp();
    const fetched = fetcher.fetch(MASTER, relayNumber(1));
    content(OTHER, 1, 'a');
    content(MASTER, 2, 'a');
    expect(fetcher.failed(failure(OTHER, 1, 'NOT_FOUND'))).toBe(false);
    await clock.advance(10_000);
    expect((await fetched).reason).toBe('NO_ANSWER');
  });

  it('goes on with the next when Tor refuses the command', async () => {
    let refuse = true;
    const { fetcher, content } = setUp(async () => {
      const refused = refuse;
      refuse = false;
      if (refused) throw rbError('control.unknown-hsdir', 'tor', { command: 'HSFETCH', text: 'x' });
    });
    const refused = fetcher.fetch(MASTER, relayNumber(1));
    const next = fetcher.fetch(MASTER, relayNumber(1));
    await expect(refused).rejects.toMatchObject({ code: 'control.unknown-hsdir' });
    content(MASTER, 1, 'a');
    expect((await next).reason).toBeNull();
  });

  it('lets no queue grow without end', async () => {
    const { fetcher } = setUp();
    const all = Array.from({ length: 9 }, () => fetcher.fetch(MASTER, relayNumber(1)));
    await expect(all.at(-1)).rejects.toMatchObject({ code: 'tor.fetch-overloaded' });
    fetcher.end(rbError('control.closed', 'tor', { reason: 'test' }));
    await Promise.allSettled(all);
  });

  it('fails at once when the connection ends', async () => {
    const { fetcher } = setUp();
    const fetched = fetcher.fetch(MASTER, relayNumber(1));
    fetcher.end(rbError('control.closed', 'tor', { reason: 'test' }));
    await expect(fetched).rejects.toMatchObject({ code: 'control.closed' });
  });
});
