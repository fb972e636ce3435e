import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';

const FIXTURE = fileURLToPath(new URL('../../dist/wire/demo/fixtures/interrupted-stage.js', import.meta.url));

/** Runs the small demo, sends it the signals as soon as its folder is there, and gives how it ended. */
const interrupted = async (...signals: readonly NodeJS.Signals[]) => {
  const child = spawn(process.execPath, [FIXTURE], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const closed = once(child, 'close') as Promise<[number | null]>;
  const dir = await eventually('it has made its folder', () => /DIR (\S+)/.exec(said)?.[1], {
    timeoutMs: 20_000,
  });
  expect(existsSync(dir)).toBe(true);
  for (const signal of signals) child.kill(signal);
  const [code] = await closed;
  return { code, dir, left: existsSync(dir), said: said.trim().split('\n').slice(1) };
};

const CLEARED = ['stopped second', 'stopped first', 'refused third'];

describe('a demo that is interrupted before its end', () => {
  it('stops what runs and what is on its way, removes the folder with the keys and starts nothing more', async () => {
    expect(await interrupted('SIGINT')).toMatchObject({ code: 130, left: false, said: CLEARED });
  });

  it('does the same at SIGTERM', async () => {
    expect(await interrupted('SIGTERM')).toMatchObject({ code: 143, left: false, said: CLEARED });
  });

  it('does the same when its terminal is closed', async () => {
    expect(await interrupted('SIGHUP')).toMatchObject({ code: 129, left: false, said: CLEARED });
  });

  it('leaves no folder with keys behind when it is killed', async () => {
    const { code, dir } = await interrupted('SIGKILL');
    expect(code).toBe(null);
    await eventually('the folder is gone', () => !existsSync(dir), { timeoutMs: 20_000 });
  });

  it('lets no second signal end the clean-up, since npm passes on what the terminal has sent', async () => {
    const { left, said } = await interrupted('SIGINT', 'SIGINT', 'SIGINT');
    expect({ left, said }).toEqual({ left: false, said: CLEARED });
  });
});
