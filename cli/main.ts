#!/usr/bin/env node
import { basename } from 'node:path';
import { SpareThreads } from '@rustbalance/supervisor/spare-threads.js';
import { actorPlan } from '@rustbalance/supervisor/thread-plans.js';

const args = process.argv.slice(2);
// The proxy's thread loads beside everything that this one must load first: after a crash clients wait for both.
const startsDaemon = args[0] === 'run' && !args.includes('--check') && !args.includes('--help');
const spareThreads = startsDaemon ? new SpareThreads(['proxy'], actorPlan) : null;
const { runProgram } = await import('./program.js');
const { systemWorld } = await import('./world.js');

// A reader that has seen enough (`| head`) closes the pipe: that is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const calledAs = basename(process.argv[1] ?? '').replace(/\.js$/, '');
const exitCode = await runProgram(
  args,
  systemWorld(calledAs === 'rbctl' ? 'rbctl' : 'rustbalance', spareThreads),
);
// Threads that could not be ended in order must not keep the process.
process.stdout.write('', () => {
  process.exit(exitCode);
});
