import { describe, expect, it } from 'vitest';
import { spokenCommand } from '../../demo/spoken-command.js';

describe('a command as the demo shows it', () => {
  it('is what an operator types, with what goes to its standard input', () => {
    const args = ['join', '--node-id', 'beta', '--target', 'http://127.0.0.1:8080', '--yes'];
    expect(spokenCommand(args, 'token')).toBe(
      'rustbalance join --node-id beta --target http://127.0.0.1:8080 --yes < token',
    );
  });

  it('quotes what a shell would take for something else', () => {
    expect(spokenCommand(['run', '--set', "log.level='info' "])).toBe(
      `rustbalance run --set 'log.level='\\''info'\\'' '`,
    );
  });

  it('shortens the lists that lead into the private network, and no other value', () => {
    const torrc = `tor.extra_torrc=["${'DirAuthority '.repeat(9)}"]`;
    const path = `/${'long/'.repeat(30)}config.toml`;
    expect(spokenCommand(['run', '--config', path, '--set', torrc, '--set', 'chaos.enabled=true'])).toBe(
      `rustbalance run --config ${path} --set 'tor.extra_torrc=[…]' --set chaos.enabled=true`,
    );
  });

  it('says once that lines for the Tor of a join are there, however many', () => {
    const extra = ['--extra-torrc', 'TestingTorNetwork 1', '--extra-torrc', 'a b', '--extra-torrc', 'c d'];
    expect(spokenCommand(['join', ...extra, '--yes'], 'token')).toBe(
      'rustbalance join --extra-torrc … --yes < token',
    );
  });
});
