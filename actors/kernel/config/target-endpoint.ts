import { parseTarget } from '../../proxy/target/target.js';
import type { Config } from './schema.js';

/** Where the target is, for those who only want to know whether it answers. */
export interface TargetEndpoint {
  readonly host: string;
  readonly port: number;
  /** `onion`: through Tor's SOCKS port; `direct`: a connection of our own. */
  readonly route: 'onion' | 'direct';
}

/** The target of a configuration; null for one that the configuration's checks refuse. */
export const targetEndpoint = (config: Config): TargetEndpoint | null => {
  const target = parseTarget(config);
  return 'code' in target ? null : { host: target.host, port: target.port, route: target.route };
};
