import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DaemonNode } from '../cluster/daemon-node.js';

/** What of a key's file would show in a log: its tail, since its head tells only what kind of file it is. */
const formsOf = (bytes: Buffer): readonly string[] => {
  const tail = bytes.subarray(-32);
  return [tail.toString('hex'), tail.toString('base64'), tail.toString('base64url'), tail.toString('latin1')];
};

const secretsOf = async (node: DaemonNode): Promise<readonly string[]> => {
  const files = [
    node.identity.master_key_path,
    join(node.options.dir, 'etc', 'node.key'),
    join(node.stateDir, 'tor', 'instance', 'hs_ed25519_secret_key'),
  ];
  const keys = await Promise.all(files.map((file) => readFile(file)));
  const token = (await readFile(node.clusterTokenFile, 'utf8')).trim();
  return [token, ...keys.flatMap(formsOf)].map((text) => text.trim());
};

const ONION_ADDRESS = /[a-z2-7]{56}/;

/** Reads along what a daemon says. */
export class LogWatch {
  readonly node: DaemonNode;
  /** Lines with a secret, or with a whole onion address. */
  readonly disclosing: string[] = [];
  lines = 0;

  private constructor(node: DaemonNode, secrets: readonly string[]) {
    this.node = node;
    const look = (line: string): void => {
      this.lines++;
      if (ONION_ADDRESS.test(line) || secrets.some((secret) => line.includes(secret)))
        this.disclosing.push(line);
    };
    node.log.forEach(look);
    node.onLine(look);
  }

  static async of(node: DaemonNode): Promise<LogWatch> {
    return new LogWatch(node, await secretsOf(node));
  }
}
