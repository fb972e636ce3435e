import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RbError } from '@rustbalance/actors/kernel/errors.js';
import { managedTorrc, serviceTarget, type TorrcInput } from '@rustbalance/actors/tor/torrc.js';

const input: TorrcInput = {
  dataDir: '/var/lib/rustbalance/tor',
  controlSocket: '/run/rustbalance/tor-control.sock',
  socksSocket: '/run/rustbalance/tor-socks.sock',
  diagnosisSocket: null,
  pidFile: '/var/lib/rustbalance/tor/tor.pid',
  coordinationFile: '/var/lib/rustbalance/tor/coordination.torrc',
  hiddenServiceDir: '/var/lib/rustbalance/tor/instance',
  virtualPort: 80,
  proxyListen: 'unix:/run/rustbalance/proxy.sock',
  instanceMark: '00ff',
  extraLines: [],
};

const linesOf = (torrc: string): string[] => torrc.trimEnd().split('\n');

describe('the torrc of a managed Tor', () => {
  it('holds the instance as an onionbalance instance behind its port', () => {
    expect(linesOf(managedTorrc(input))).toEqual(
      expect.arrayContaining([
        'HiddenServiceDir "/var/lib/rustbalance/tor/instance"',
        'HiddenServicePort 80 unix:"/run/rustbalance/proxy.sock"',
        'HiddenServiceOnionBalanceInstance 1',
      ]),
    );
  });

  it('fetches every consensus early, writes to standard output and authenticates by cookie', () => {
    expect(linesOf(managedTorrc(input))).toEqual(
      expect.arrayContaining([
        'FetchDirInfoEarly 1',
        'FetchDirInfoExtraEarly 1',
        'Log notice stdout',
        'CookieAuthentication 1',
        'ControlSocket "/run/rustbalance/tor-control.sock"',
        'SocksPort unix:"/run/rustbalance/tor-socks.sock"',
        'RunAsDaemon 0',
      ]),
    );
  });

  it('has a second SOCKS port that says more, and says it to nobody else, where it is asked for', () => {
    const diagnosisSocket = '/run/rustbalance/tor-diagnosis.sock';
    const socksLines = linesOf(managedTorrc({ ...input, diagnosisSocket })).filter((line) =>
      line.startsWith('SocksPort'),
    );
    expect(socksLines).toEqual([
      'SocksPort unix:"/run/rustbalance/tor-socks.sock"',
      'SocksPort unix:"/run/rustbalance/tor-diagnosis.sock" ExtendedErrors',
    ]);
  });

  it("puts the operator's lines last, so that they win", () => {
    const torrc = managedTorrc({ ...input, extraLines: ['TestingTorNetwork 1', 'Log debug stdout'] });
    expect(linesOf(torrc).slice(-2)).toEqual(['TestingTorNetwork 1', 'Log debug stdout']);
  });

  it('names the options of the service directly after its directory', () => {
    const lines = linesOf(managedTorrc(input));
    const at = lines.findIndex((line) => line.startsWith('HiddenServiceDir'));
    expect(lines.slice(at + 1, at + 3).map((line) => line.split(' ')[0])).toEqual([
      'HiddenServicePort',
      'HiddenServiceOnionBalanceInstance',
    ]);
  });

  it('changes with the identity of the instance, which it does not disclose', () => {
    expect(managedTorrc({ ...input, instanceMark: 'aa' })).not.toBe(
      managedTorrc({ ...input, instanceMark: 'bb' }),
    );
  });

  it('quotes what Tor would read as the end of a value', () => {
    expect(linesOf(managedTorrc({ ...input, dataDir: '/a b/#c/"d"\\e' }))).toContain(
      'DataDirectory "/a b/#c/\\"d\\"\\\\e"',
    );
  });

  const settings: readonly (keyof TorrcInput)[] = [
    'dataDir',
    'controlSocket',
    'socksSocket',
    'diagnosisSocket',
    'pidFile',
    'hiddenServiceDir',
    'proxyListen',
  ];
  it.each(settings)('refuses a line break in %s', (setting) => {
    const bad = { ...input, [setting]: 'unix:/x\nControlPort 9051' };
    expect(() => managedTorrc(bad)).toThrowError(RbError);
    expect(() => managedTorrc(bad)).toThrowError(/control character/);
  });

  it('refuses a line break in a line of the operator', () => {
    expect(() => managedTorrc({ ...input, extraLines: ['Log notice stdout\r\nRunAsDaemon 1'] })).toThrowError(
      /extra_torrc/,
    );
  });

  it('has the same options in the same order whatever printable text the paths are', () => {
    const keys = (torrc: string): string[] => linesOf(torrc).map((line) => line.split(' ')[0] ?? '');
    const wanted = keys(managedTorrc(input));
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: 'binary' }),
        (dataDir, hiddenServiceDir) => {
          try {
            expect(keys(managedTorrc({ ...input, dataDir, hiddenServiceDir }))).toEqual(wanted);
          } catch (error) {
            if (!(error instanceof RbError)) throw error;
            expect(error.code).toBe('tor.bad-setting');
          }
        },
      ),
    );
  });
});

describe('the target of HiddenServicePort', () => {
  it.each([
    ['unix:/run/p.sock', 'unix:"/run/p.sock"'],
    ['unix:/run/a b.sock', 'unix:"/run/a b.sock"'],
    ['127.0.0.1:8080', '127.0.0.1:8080'],
    ['[::1]:8080', '[::1]:8080'],
  ])('%s is written %s', (listen, written) => {
    expect(serviceTarget(listen)).toBe(written);
  });
});
