import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';

const PYTHON = '/usr/bin/python3';
const PROGRAM = fileURLToPath(new URL('stem-program.py', import.meta.url));
// Python takes 0.3 s for its imports, and was seen to take 25 with all processors taken tenfold.
const DEADLINE_MS = 90_000;
const run = promisify(execFile);

/** Is Debian's python3-stem here, with the cryptography module that it needs for version 3? */
export const stemIsInstalled = async (): Promise<boolean> =>
  existsSync(PYTHON) &&
  run(PYTHON, ['-c', 'import stem.descriptor.hidden_service, cryptography'], { timeout: DEADLINE_MS }).then(
    () => true,
    () => false,
  );

/** What stem reads in a descriptor. */
export interface StemDescriptor {
  readonly lifetime: number;
  readonly revisionCounter: string;
  readonly blindedKey: string;
  readonly signingKeyExpires: string;
  readonly formats: readonly number[];
  readonly unrecognized: readonly string[];
  readonly points: readonly {
    readonly linkSpecifiers: readonly (readonly [number, string])[];
    readonly onionKey: string;
    readonly authKey: string;
    readonly authKeyExpires: string;
    readonly encKey: string;
    readonly encKeyCertType: number;
  }[];
}

/** What stem is to make a descriptor of; byte values in hexadecimal. */
export interface StemOrder {
  readonly seed: string;
  readonly blindingParameter: string;
  readonly revisionCounter: number;
  readonly points: readonly Readonly<
    Record<'fingerprint' | 'ed25519Id' | 'onionKey' | 'authKey' | 'encKey', string>
  >[];
}

const ask = async (order: object): Promise<unknown> => {
  const child = run(PYTHON, [PROGRAM], { timeout: DEADLINE_MS, maxBuffer: 1 << 24 });
  child.child.stdin?.end(JSON.stringify(order));
  return JSON.parse((await child).stdout);
};

/** Stem validates all signatures and opens both layers. @throws when it finds anything wrong */
export const stemDecodes = async (text: string, address: string): Promise<StemDescriptor> =>
  (await ask({ task: 'decode', text, address })) as StemDescriptor;

export const stemEncodes = async (order: StemOrder): Promise<string> =>
  ((await ask({ task: 'encode', ...order })) as { readonly text: string }).text;
