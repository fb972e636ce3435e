/** How the process ends, for the service manager and for scripts. */
export const EXIT_CODES = {
  good: 0,
  /** A failure that is not one of the others; also an end that was forced before everything had stopped. */
  failure: 1,
  usage: 2,
  /** An actor failed more often than [supervisor] intensity allows: the service manager is the next level. */
  gaveUp: 70,
  /** sysexits' EX_CONFIG: starting again changes nothing, a person must mend the configuration. */
  config: 78,
} as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];
