import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runToEnd, type TorPrograms } from './tor-programs.js';

/** What every Tor of the network must know of one directory authority. */
export interface AuthorityIdentity {
  readonly nickname: string;
  readonly address: string;
  readonly orPort: number;
  readonly dirPort: number;
  /** Fingerprint of its relay identity, 40 hex digits. */
  readonly fingerprint: string;
  /** Fingerprint of its voting identity (dir-spec: v3ident), 40 hex digits. */
  readonly v3Identity: string;
}

const CERTIFICATE_MONTHS = '12';

const makeCertificate = async (
  dataDir: string,
  dirAddress: string,
  programs: TorPrograms,
): Promise<string> => {
  const keys = join(dataDir, 'keys');
  await mkdir(keys, { recursive: true, mode: 0o700 });
  const file = (name: string): string => join(keys, name);
  const args = ['--create-identity-key', '--passphrase-fd', '0', '-m', CERTIFICATE_MONTHS];
  const paths = ['-i', file('authority_identity_key'), '-s', file('authority_signing_key')];
  const certificate = ['-c', file('authority_certificate'), '-a', dirAddress];
  // The identity key is written encrypted; the network never needs it again, so its passphrase protects nothing.
  await runToEnd(programs.torGencert, [...args, ...paths, ...certificate], {
    home: dataDir,
    input: 'private network\n',
  });
  return readFile(file('authority_certificate'), 'utf8');
};

const makeRelayIdentity = async (dataDir: string, nickname: string, program: string): Promise<string> => {
  // Tor refuses `-f /dev/null`; two empty files keep the machine's own torrc out.
  const empty = join(dataDir, 'empty-torrc');
  await writeFile(empty, '');
  const where = ['-f', empty, '--defaults-torrc', empty, '--DataDirectory', dataDir];
  const options = ['--Nickname', nickname, '--ORPort', '127.0.0.1:1', '--Address', '127.0.0.1', '--hush'];
  return runToEnd(program, ['--list-fingerprint', ...where, ...options], { home: dataDir });
};

const hexOf = (text: string, pattern: RegExp, what: string): string => {
  const found = pattern.exec(text)?.[1]?.replaceAll(' ', '');
  if (found === undefined || found.length !== 40)
    throw new Error(`no fingerprint in ${what}: ${text.slice(0, 200)}`);
  return found;
};

/**
 * Makes the keys of one authority in its data directory: relay identity, voting identity (RSA 3072) and a
 * certificate for twelve months.
 */
export const makeAuthorityKeys = async (
  dataDir: string,
  {
    nickname,
    address,
    orPort,
    dirPort,
  }: Pick<AuthorityIdentity, 'nickname' | 'address' | 'orPort' | 'dirPort'>,
  programs: TorPrograms,
): Promise<AuthorityIdentity> => {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const [certificate, identity] = await Promise.all([
    makeCertificate(dataDir, `${address}:${String(dirPort)}`, programs),
    makeRelayIdentity(dataDir, nickname, programs.tor),
  ]);
  return {
    nickname,
    address,
    orPort,
    dirPort,
    fingerprint: hexOf(identity, /^\S+ ([0-9A-F ]{40,60})\s*$/m, 'the output of tor --list-fingerprint'),
    v3Identity: hexOf(certificate, /^fingerprint ([0-9A-F]{40})$/m, 'the authority certificate'),
  };
};

/** The torrc line by which a Tor trusts this authority, and no longer the public network's. */
export const dirAuthorityLine = (authority: AuthorityIdentity): string =>
  `DirAuthority ${authority.nickname} orport=${String(authority.orPort)} v3ident=${authority.v3Identity} ` +
  `${authority.address}:${String(authority.dirPort)} ${authority.fingerprint}`;
