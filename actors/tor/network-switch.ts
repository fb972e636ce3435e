import type { TorCommands } from './control/commands.js';
import { toWireText } from './control/wire-text.js';
import type { TorNetworkSwitch } from './outage-watch.js';

const OPTION = 'DisableNetwork';

/** Tor's connections, by its option DisableNetwork: setting it closes all of them. */
export const networkSwitch = (commands: () => Pick<TorCommands, 'getConf' | 'setConf'>): TorNetworkSwitch => {
  const disable = (value: '0' | '1'): Promise<void> =>
    commands().setConf([{ key: OPTION, value: toWireText(value) }]);
  return {
    // They go out together, so that hardly anything can come between them.
    reconnect: async () => {
      await Promise.all([disable('1'), disable('0')]);
    },
    enable: async () => {
      const reply = await commands().getConf([OPTION]);
      if (reply.some(({ value }) => value === '1')) await disable('0');
    },
  };
};
