import { describe, expect, it } from 'vitest';
import { RefusedUploads } from '@rustbalance/actors/tor/refused-uploads.js';

describe('refused uploads', () => {
  it('are tried again a second later, once for all HSDirs that refused', () => {
    const refused = new RefusedUploads();
    expect(refused.dueAtMs).toBeNull();
    expect(refused.take(1_000)).toBe(false);
    refused.refused(1_000);
    refused.refused(1_400);
    expect(refused.dueAtMs).toBe(2_500);
    expect(refused.take(2_499)).toBe(false);
    expect(refused.take(2_500)).toBe(true);
    expect(refused.take(2_500)).toBe(false);
    expect(refused.dueAtMs).toBeNull();
  });

  it('are given up after three retries, until there is another descriptor', () => {
    const refused = new RefusedUploads();
    const waits = [0, 0, 0].map(() => {
      refused.refused(0);
      const due = refused.dueAtMs ?? 0;
      expect(refused.take(due)).toBe(true);
      return due;
    });
    expect(waits).toEqual([1_500, 15_000, 60_000]);
    refused.refused(0);
    expect(refused.dueAtMs).toBeNull();
    refused.changed();
    refused.refused(0);
    expect(refused.dueAtMs).toBe(1_500);
  });

  it('are nothing to another Tor', () => {
    const refused = new RefusedUploads();
    refused.refused(0);
    refused.reset();
    expect(refused.dueAtMs).toBeNull();
  });
});
