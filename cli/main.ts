#!/usr/bin/env node
import { basename } from 'node:path';
import { runProgram } from './program.js';
import { systemWorld } from './world.js';

// A reader that has seen enough (`| head`) closes the pipe: that is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const calledAs = basename(process.argv[1] ?? '').replace(/\.js$/, '');
const exitCode = await runProgram(
  process.argv.slice(2),
  systemWorld(calledAs === 'rbctl' ? 'rbctl' : 'rustbalance'),
);
// Threads that could not be ended in order must not keep the process.
process.stdout.write('', () => {
  process.exit(exitCode);
});
