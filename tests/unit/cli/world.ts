import { createHash } from 'node:crypto';
import type { CliWorld } from '@rustbalance/cli/world.js';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import type { Random } from '@rustbalance/actors/kernel/random.js';
import { runProgram } from '@rustbalance/cli/program.js';

/** Bytes that look random and are the same in every run. */
export const repeatable = (seed: string): Random => {
  let drawn = 0;
  return {
    bytes: (length) =>
      new Uint8Array(createHash('shake256', { outputLength: length }).update(`${seed} ${drawn++}`).digest()),
    uniform: () => 0.5,
  };
};

/** A world that remembers what was said in it. */
export class TestWorld implements CliWorld {
  programName = 'rustbalance';
  readonly spareThreads = null;
  clock: Clock = systemClock;
  random = repeatable('test');
  workingDirectory = '/nowhere';
  env: Record<string, string | undefined> = {};
  isTerminal = false;
  readonly interrupt = new AbortController();
  answer: boolean | null = null;
  /** Given one by one before `answer`. */
  answers: (boolean | null)[] = [];
  systemd = true;
  /** Units that are installed. */
  units: readonly string[] = [];
  root = false;
  /** Commands that were run on the terminal, and what they end with. */
  readonly ran: string[] = [];
  runsEndWith: number | null = 0;
  /** What comes by standard input. */
  input = '';
  /** What is typed without being shown, one by one; then nobody answers. */
  secrets: string[] = [];
  /** By number. */
  descriptors: Readonly<Record<number, string>> = {};
  width: number | null = null;
  out = '';
  err = '';
  readonly asked: string[] = [];

  get interrupted(): AbortSignal {
    return this.interrupt.signal;
  }

  hostName(): string {
    return 'Web_1.example.org';
  }

  processors(): number {
    return 1;
  }

  hasSystemd(): boolean {
    return this.systemd;
  }

  hasUnit(name: string): boolean {
    return this.units.includes(name);
  }

  isRoot(): boolean {
    return this.root;
  }

  runAttached(command: string, args: readonly string[]): Promise<number | null> {
    this.ran.push([command, ...args].join(' '));
    return Promise.resolve(this.runsEndWith);
  }

  print(text: string): void {
    this.out += text;
  }

  complain(text: string): void {
    this.err += text;
  }

  readInput(): Promise<string> {
    return Promise.resolve(this.input);
  }

  askSecret(question: string): Promise<string | null> {
    this.asked.push(question);
    return Promise.resolve(this.secrets.shift() ?? null);
  }

  readDescriptor(descriptor: number): Promise<Uint8Array | null> {
    const text = this.descriptors[descriptor];
    return Promise.resolve(text === undefined ? null : Buffer.from(text));
  }

  columns(): number | null {
    return this.width;
  }

  confirm(question: string, enterMeans = false): Promise<boolean | null> {
    this.asked.push(`${question}${enterMeans ? ' [Y/n]' : ''}`);
    const next = this.answers.shift();
    return Promise.resolve(next === undefined ? this.answer : next);
  }

  /** Runs one command line and gives its exit code. */
  run(...argv: readonly string[]): Promise<number> {
    return runProgram(argv, this);
  }

  /** The errors that were printed as JSON. */
  get errors(): readonly { readonly code: string; readonly where: string; readonly what: string }[] {
    return (JSON.parse(this.err) as { errors: { code: string; where: string; what: string }[] }).errors;
  }
}
