import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import { configSchema } from '@rustbalance/actors/kernel/config/schema.js';
import { limitsOf } from '@rustbalance/actors/proxy/limits.js';
import { startProxy } from '@rustbalance/actors/proxy/start-proxy.js';

/**
 * A process that is nothing but the proxy with the default limits, so that its memory and its one thread can be
 * measured: `node proxy-process.js http|raw TARGET_PORT`. Prints where it listens.
 */
const [mode, targetPort] = process.argv.slice(2);
const onion = `${'a'.repeat(56)}.onion`;
const proxy = await startProxy({
  listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
  targets: [
    {
      mode: mode === 'raw' ? 'raw' : 'http',
      host: '127.0.0.1',
      port: Number(targetPort),
      route: 'direct',
      tls: null,
    },
  ],
  master: { scheme: 'http', host: onion, port: 80 },
  limits: limitsOf(configSchema.parse({ node: { id: 'bench' }, master: { onion_address: onion } })),
  clock: systemClock,
  socks: null,
});
process.stdout.write(`${proxy.listen}\n`);
process.once('SIGTERM', () => {
  void proxy.stop(1000);
});
