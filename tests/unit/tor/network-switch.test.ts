import { describe, expect, it } from 'vitest';
import { toWireText } from '@rustbalance/actors/tor/control/wire-text.js';
import { networkSwitch } from '@rustbalance/actors/tor/network-switch.js';

const torWith = (disabled: '0' | '1') => {
  const set: string[] = [];
  const commands = {
    getConf: (keys: readonly string[]) =>
      Promise.resolve(
        keys.map((key) => ({ key, value: key === 'DisableNetwork' ? toWireText(disabled) : null })),
      ),
    setConf: (lines: readonly { readonly key: string; readonly value: unknown }[]) => {
      set.push(...lines.map(({ key, value }) => `${key}=${String(value)}`));
      return Promise.resolve();
    },
  };
  return { set, network: networkSwitch(() => commands) };
};

describe("Tor's connections to the network", () => {
  it('are made anew by forbidding and allowing them', async () => {
    const { set, network } = torWith('0');
    await network.reconnect();
    expect(set).toEqual(['DisableNetwork=1', 'DisableNetwork=0']);
  });

  it('are allowed again where they were left forbidden, and nothing is set where they were not', async () => {
    const [forbidden, allowed] = [torWith('1'), torWith('0')];
    await forbidden.network.enable();
    await allowed.network.enable();
    expect([forbidden.set, allowed.set]).toEqual([['DisableNetwork=0'], []]);
  });
});
