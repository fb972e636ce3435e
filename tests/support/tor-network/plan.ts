import { join } from 'node:path';
import type { AuthorityIdentity } from './authority-keys.js';
import type { ResolvedOptions } from './options.js';
import { authorityTorrc, commonTorrc, relayTorrc } from './torrc.js';

/** One relay or authority to be started. */
export interface RelayPlan {
  readonly nickname: string;
  readonly orPort: number;
  readonly dataDir: string;
  readonly torrc: readonly string[];
}

export interface NetworkPlan {
  readonly commonTorrc: readonly string[];
  readonly authorities: readonly RelayPlan[];
  readonly relays: readonly RelayPlan[];
}

/** Nickname, ports and folder of each authority, before it has keys. */
export const authorityNames = (
  dir: string,
  address: string,
  ports: readonly number[],
): { nickname: string; address: string; orPort: number; dirPort: number; dataDir: string }[] =>
  Array.from({ length: ports.length / 2 }, (_, i) => {
    const nickname = `auth${String(i)}`;
    return {
      nickname,
      address,
      orPort: ports[2 * i] ?? 0,
      dirPort: ports[2 * i + 1] ?? 0,
      dataDir: join(dir, nickname),
    };
  });

/** Everybody's torrc, once the authorities have keys. */
export const planNetwork = (
  dir: string,
  identities: readonly AuthorityIdentity[],
  relayPorts: readonly number[],
  options: ResolvedOptions,
): NetworkPlan => {
  const relayCommon = commonTorrc(identities, 'testing');
  const authorities = identities.map((identity) => ({
    nickname: identity.nickname,
    orPort: identity.orPort,
    dataDir: join(dir, identity.nickname),
    torrc: [
      ...relayCommon,
      ...relayTorrc(identity, options.votingIntervalSecs),
      ...authorityTorrc(identity, options),
    ],
  }));
  const relays = relayPorts.map((orPort, i) => {
    const nickname = `relay${String(i)}`;
    return {
      nickname,
      orPort,
      dataDir: join(dir, nickname),
      torrc: [
        ...relayCommon,
        ...relayTorrc({ nickname, address: options.place.address, orPort }, options.votingIntervalSecs),
      ],
    };
  });
  return { commonTorrc: commonTorrc(identities, options.behaviour), authorities, relays };
};
