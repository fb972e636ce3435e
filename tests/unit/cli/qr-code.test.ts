import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeQR } from 'qr/decode.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LONGEST_TOKEN } from '@rustbalance/actors/election/join/token-text.js';
import { printQrCode } from '@rustbalance/cli/qr-code.js';
import { TestWorld } from './world.js';

/** What a camera would see of the half blocks, each module four by four pixels, light where something is drawn. */
const scanned = (text: string): string => {
  const lines = text
    .replaceAll(/\u001b\[[\d;]*m/g, '')
    .trim()
    .split('\n');
  const width = lines[0]?.length ?? 0;
  const light = lines.flatMap((line) => [
    [...line].map((block) => block === '█' || block === '▀'),
    [...line].map((block) => block === '█' || block === '▄'),
  ]);
  const scale = 4;
  const data = new Uint8Array(width * light.length * scale * scale * 4);
  for (let y = 0; y < light.length * scale; y++) {
    for (let x = 0; x < width * scale; x++) {
      const shade = light[Math.floor(y / scale)]?.[Math.floor(x / scale)] === true ? 255 : 0;
      data.set([shade, shade, shade, 255], (y * width * scale + x) * 4);
    }
  }
  return decodeQR({ width: width * scale, height: light.length * scale, data });
};

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rb-qr-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const init = async (...more: readonly string[]): Promise<TestWorld & { code: number }> => {
  const world = new TestWorld();
  world.isTerminal = true;
  const places = ['--config-dir', join(root, 'etc'), '--target', 'http://127.0.0.1:9101'];
  return Object.assign(world, { code: await world.run('init', ...places, '--yes', '--qr', ...more) });
};

describe('the QR code of a join token', () => {
  it('holds the token that stands above it', async () => {
    const world = await init();
    expect(world.code).toBe(0);
    const [token = ''] = /^rb1:\S+$/m.exec(world.out) ?? [];
    const code = world.out.slice(world.out.indexOf('\u001b[97;40m'), world.out.lastIndexOf('\u001b[0m'));
    expect(scanned(code)).toBe(token);
    // 80 columns do not do; a full-screen window does.
    expect(code.split('\n')[0]?.replaceAll(/\u001b\[[\d;]*m/g, '').length).toBeLessThan(120);
    expect(world.err).toBe('');
  });

  it('is not shown where it does not fit the window or is not possible, which is said', () => {
    const world = new TestWorld();
    world.width = 80;
    printQrCode(`rb1:${'a'.repeat(900)}`, world);
    expect([world.out, world.err]).toEqual(['', expect.stringContaining('[cli.qr-too-wide]')]);
    const other = new TestWorld();
    printQrCode(`rb1:${'a'.repeat(LONGEST_TOKEN - 3)}`, other);
    expect([other.out, other.err]).toEqual(['', expect.stringContaining('[cli.qr-too-long]')]);
  });

  it('of the longest token that fits one can be read', () => {
    const world = new TestWorld();
    const token = `rb1:${'aB3_'.repeat(738)}`.slice(0, LONGEST_TOKEN);
    printQrCode(token, world);
    expect(scanned(world.out)).toBe(token);
  });

  it('is for people, not for programs', async () => {
    const world = await init('--json');
    expect([world.code, world.errors[0]?.code]).toEqual([2, 'cli.usage']);
  });
});
