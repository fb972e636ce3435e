import { describe, expect, it } from 'vitest';
import { allCommands } from '@rustbalance/cli/commands.js';
import { readOption } from '@rustbalance/cli/options.js';
import { TestWorld } from './world.js';

const COMMANDS = await allCommands();

const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

describe('the help', () => {
  it.each(
    [[], ['chaos'], ['debug'], ...COMMANDS.map(({ words }) => words)].map((words) => [
      words.join(' '),
      words,
    ]),
  )('of "rustbalance %s" is as it was agreed', async (_name, words) => {
    const world = new TestWorld();
    expect(await world.run(...(words as readonly string[]), '--help')).toBe(0);
    expect(world.err).toBe('');
    expect(world.out).toMatchSnapshot();
  });

  it('speaks of the name that it was called by', async () => {
    const world = new TestWorld();
    world.programName = 'rbctl';
    await world.run('inspect', '--help');
    expect(world.out).toContain('rbctl inspect [actor]');
  });

  it('explains every command and every option', () => {
    for (const command of COMMANDS) {
      expect(command.summary).toMatch(/\.$/);
      for (const [name, option] of Object.entries(command.options)) {
        expect(option.description, `${command.words.join(' ')} ${name}`).toMatch(/^[A-Z].*\.$/);
      }
    }
  });
});

describe('a wrong command line', () => {
  it.each([
    [[], 'a command is missing'],
    [['statsu'], 'Did you mean status?'],
    [['frobnicate'], 'frobnicate'],
    [['debug'], 'a command is missing after debug'],
    [['debug', 'tro'], 'Did you mean tor?'],
    [['status', '--jsno'], 'jsno'],
    [['status', 'extra'], 'extra'],
    [['status', '--', 'extra'], 'words too many'],
    [['status', '--config'], 'config'],
    [['status', '--config', ''], '--config is empty'],
    [['status', '--config', 'a', '--config', 'b'], '--config is given twice'],
    [['init', '--yes'], 'target'],
    [
      ['init', '--target', 'http://127.0.0.1:1', '--priority', 'high'],
      '--priority must be a whole number from 1 to 1000000',
    ],
    [
      ['init', '--target', 'http://127.0.0.1:1', '--priority', '0'],
      '--priority must be a whole number from 1 to 1000000',
    ],
    [
      ['init', '--target', 'http://127.0.0.1:1', '--transport', 'pigeon'],
      '--transport must be one of wireguard, tor, direct',
    ],
    [['inspect', 'torr'], 'actor must be one of tor, proxy, wg, election, publisher, health'],
    [['chaos', 'kill'], 'Not enough'],
    [['chaos', 'kill', 'tor', '--mode', 'nuke'], '--mode must be one of throw, exit, hang, oom'],
    [['debug', 'descriptor', 'f'], 'exactly one of --address and --key'],
    [['debug', 'fetch', 'no-slash'], 'must begin with /'],
  ] as const)('%j exits with 2 and one line', async (argv, words) => {
    const world = new TestWorld();
    expect(await world.run(...argv)).toBe(2);
    expect(world.out).toBe('');
    expect(lines(world.err).length).toBe(1);
    expect(world.err).toContain(words);
    expect(world.err).toMatch(/\[cli\.usage\]\. See rustbalance.* --help\.\n$/);
  });

  it('with --json is told as JSON', async () => {
    const world = new TestWorld();
    expect(await world.run('status', '--jsno', '--json')).toBe(2);
    expect(world.errors).toMatchObject([{ code: 'cli.usage', where: 'rustbalance' }]);
  });

  it('never has its --set values repeated: they may be secrets', async () => {
    for (const set of [
      'coordination.cluster_token=PLANTED',
      'tor.control_password=PLANTED',
      'PLANTED',
      'a.b=PLANTED',
    ]) {
      const world = new TestWorld();
      expect(await world.run('status', '--config', '/nowhere/c.toml', '--set', set)).toBe(78);
      expect(world.err + world.out).not.toContain('PLANTED');
    }
  });
});

describe('an error', () => {
  it('of the configuration exits with 78, one line each', async () => {
    for (const command of [
      ['run'],
      ['run', '--check'],
      ['status'],
      ['inspect'],
      ['chaos', 'kill', 'tor'],
      ['debug', 'tor'],
      ['debug', 'connect'],
      ['debug', 'fetch'],
    ]) {
      const world = new TestWorld();
      expect(await world.run(...command, '--config', 'missing.toml'), command.join(' ')).toBe(78);
      expect(world.err).toMatch(
        /^\/nowhere\/missing\.toml: the configuration file cannot be read: .*\[config\.unreadable\].*\n$/,
      );
    }
  });

  it('is followed by a stack only when a developer asked for it', async () => {
    const world = new TestWorld();
    await world.run('status', '--config', 'missing.toml');
    expect(world.err).not.toContain('at ');
    world.env = { RUSTBALANCE_DEBUG: '1' };
    await world.run('status', '--config', 'missing.toml');
    expect(world.err).toMatch(/\n\s+at /);
  });
});

describe('the version', () => {
  it('is that of the package', async () => {
    const world = new TestWorld();
    expect(await world.run('--version')).toBe(0);
    expect(world.out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('an option', () => {
  const text = { kind: 'text', presence: 'default', fallback: 'f', description: '' } as const;

  it('takes its default when absent, and its value as text even where it looks like a number', () => {
    expect(readOption('a', text, undefined)).toEqual({ value: 'f' });
    expect(readOption('a', text, '007')).toEqual({ value: '007' });
  });

  it('that is a flag is false when absent; a list is empty', () => {
    expect(readOption('a', { kind: 'flag', description: '' }, undefined)).toEqual({ value: false });
    expect(readOption('a', { kind: 'list', description: '' }, undefined)).toEqual({ value: [] });
  });

  it.each(['1e3', '0x10', ' 5', '5.0', '-1', '9999999999999999'])('that is a number refuses %j', (given) => {
    const number = {
      kind: 'number',
      presence: 'optional',
      minimum: 0,
      maximum: 10_000,
      description: '',
    } as const;
    expect(readOption('a', number, given)).toHaveProperty('refusal');
    expect(readOption('a', number, '5')).toEqual({ value: 5 });
  });
});
