import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runAttached } from '@rustbalance/cli/attached-command.js';
import { DEFAULT_CONFIG } from '@rustbalance/cli/common-options.js';
import { offerStart } from '@rustbalance/cli/init/start-offer.js';
import { hasUnit } from '@rustbalance/cli/systemd-unit.js';
import { confirmOn } from '@rustbalance/cli/terminal-confirm.js';
import { TestWorld } from './world.js';

const START = 'systemctl enable --now rustbalance';

/** Root at a terminal, where systemd has the unit. */
const worldOf = (change: Partial<Pick<TestWorld, 'root' | 'units' | 'answer'>> = {}): TestWorld =>
  Object.assign(new TestWorld(), {
    root: true,
    units: ['rustbalance.service'],
    answer: true,
    ...change,
  });

describe('the offer to start a new node where systemd runs', () => {
  it('is taken by root, with Enter alone, and systemd starts the unit', async () => {
    const world = worldOf();
    await offerStart(DEFAULT_CONFIG, true, world);
    expect(world.asked).toEqual(['Start it now? [Y/n]']);
    expect(world.ran).toEqual([START]);
    expect(world.out).toMatch(/This node runs/);
    expect(world.out).not.toContain('by hand');
  });

  it.each([
    ['--yes', worldOf(), DEFAULT_CONFIG, false],
    ['who is not root', worldOf({ root: false }), DEFAULT_CONFIG, true],
    ['no unit', worldOf({ units: [] }), DEFAULT_CONFIG, true],
    ['a configuration that the unit would not read', worldOf(), '/srv/node/config.toml', true],
  ])('is not made with %s: the commands are said', async (_what, world, config, mayAsk) => {
    await offerStart(config, mayAsk, world);
    expect([world.asked, world.ran]).toEqual([[], []]);
    expect(world.out).toContain(START);
    expect(world.out).toContain(`rustbalance run --config ${config}`);
  });

  it.each([false, null])('that is answered with %j starts nothing and says the commands', async (answer) => {
    const world = worldOf({ answer });
    await offerStart(DEFAULT_CONFIG, true, world);
    expect([world.asked.length, world.ran]).toEqual([1, []]);
    expect(world.out).toContain(START);
  });

  it.each([1, null])('whose start ends with %j is a failure that says where to look', async (code) => {
    const world = worldOf();
    world.runsEndWith = code;
    await expect(offerStart(DEFAULT_CONFIG, true, world)).rejects.toMatchObject({
      code: 'init.start-failed',
    });
    expect(world.out).not.toContain('This node runs');
  });
});

describe('a question on the terminal', () => {
  it.each([
    ['\n', true, true],
    ['\n', false, false],
    ['y\n', false, true],
    [' YES \n', false, true],
    ['n\n', true, false],
    ['yep\n', true, false],
    ['', true, false],
  ])('answered with %j, where Enter means %j: %j', async (typed, enterMeans, expected) => {
    const input = new PassThrough();
    const output = new PassThrough();
    const answer = confirmOn(input, output, 'Well?', enterMeans);
    // The end of the input without a line is ^D.
    if (typed.endsWith('\n')) input.write(typed);
    else input.end();
    expect(await answer).toBe(expected);
    expect(String(output.read())).toBe(enterMeans ? 'Well? [Y/n] ' : 'Well? [y/N] ');
  });
});

describe('a command on the terminal', () => {
  it.each([
    ['true', [], 0],
    ['sh', ['-c', 'exit 3'], 3],
    ['sh', ['-c', 'kill -INT $$'], null],
    ['/nowhere/systemctl', [], null],
  ])('%s %j ends with %j', async (command, args, expected) => {
    expect(await runAttached(command, args)).toBe(expected);
  });
});

describe('a unit', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'rb-units-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('is installed where a file of its name has something in it, in any folder', () => {
    writeFileSync(join(root, 'a.service'), '[Unit]\n');
    expect(hasUnit('a.service', ['/nowhere', root])).toBe(true);
    expect(hasUnit('b.service', ['/nowhere', root])).toBe(false);
  });

  it('is not where it is masked before the folder that has it', () => {
    const masks = mkdtempSync(join(root, 'masks-'));
    for (const name of ['a.service', 'b.service']) writeFileSync(join(root, name), '[Unit]\n');
    symlinkSync('/dev/null', join(masks, 'a.service'));
    writeFileSync(join(masks, 'b.service'), '');
    expect(hasUnit('a.service', [masks, root])).toBe(false);
    expect(hasUnit('b.service', [masks, root])).toBe(false);
  });
});
