import { systemCookieFiles } from '@rustbalance/actors/tor/control/cookie-file.js';
import { authenticate } from '@rustbalance/actors/tor/control/authenticate.js';
import { torCommands } from '@rustbalance/actors/tor/control/commands.js';
import type { TorCommands } from '@rustbalance/actors/tor/control/commands.js';
import { socketConnector } from '@rustbalance/actors/tor/control/connector.js';
import { openControlConnection } from '@rustbalance/actors/tor/control/open-connection.js';
import { torControlPort } from '@rustbalance/actors/kernel/config/tor-ports.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import { streamAddressText } from '@rustbalance/actors/kernel/stream-address.js';
import { readConfig } from '../config-loading.js';
import { Steps } from './steps.js';
import type { DebugTorArgs } from '../commands/debug-tor.js';
import type { CliWorld } from '../world.js';

/** `debug tor --json`. */
interface TorOutput {
  readonly endpoint: string;
  readonly authenticated_by: string;
  readonly version: string;
  readonly pid: number | null;
  readonly bootstrap: number;
  readonly bootstrap_summary: string;
  readonly onion_services: number;
}

const facts = async (tor: TorCommands): Promise<Omit<TorOutput, 'endpoint' | 'authenticated_by'>> => {
  const info = await tor.getInfo(['version', 'process/pid', 'status/bootstrap-phase']);
  const phase = info.get('status/bootstrap-phase')?.text() ?? '';
  const services = await tor.getConf(['HiddenServiceOptions']);
  const pid = Number(info.get('process/pid')?.text());
  return {
    version: info.get('version')?.text() ?? 'unknown',
    pid: Number.isInteger(pid) ? pid : null,
    bootstrap: Number(/\bPROGRESS=(\d{1,3})\b/.exec(phase)?.[1] ?? 0),
    bootstrap_summary: /\bSUMMARY="([^"]{0,200})"/.exec(phase)?.[1] ?? '',
    onion_services: services.filter(({ key }) => key.toLowerCase() === 'hiddenservicedir').length,
  };
};

/** The work of `debug tor`. */
export const runDebugTor = async (args: DebugTorArgs, world: CliWorld): Promise<void> => {
  const config = await readConfig(args, world);
  const endpoint = torControlPort(config);
  const where = streamAddressText(endpoint);
  const steps = new Steps(world, args.json);
  const password = config.tor.control_password;
  const connection = await steps.run(
    'connect',
    () => openControlConnection({ where, clock: world.clock, connector: socketConnector(endpoint) }),
    () => where,
    'See whether Tor runs.',
  );
  try {
    const { method } = await steps.run(
      'authenticate',
      () =>
        authenticate(connection, {
          cookieFiles: systemCookieFiles,
          random: world.random,
          password: password === '' ? null : new Secret(new TextEncoder().encode(password)),
        }),
      (authenticated) => authenticated.method,
      'See CookieAuthentication in torrc.',
    );
    const said = await steps.run(
      'ask',
      () => facts(torCommands(connection)),
      ({ version, bootstrap, bootstrap_summary: summary, onion_services: services }) =>
        `Tor ${version}, bootstrapped ${String(bootstrap)} % (${summary}), ${String(services)} onion services`,
      "See Tor's own log.",
    );
    const output: TorOutput = { endpoint: where, authenticated_by: method, ...said };
    if (args.json) world.print(`${JSON.stringify(output)}\n`);
  } finally {
    connection.close('the command has ended');
  }
};
