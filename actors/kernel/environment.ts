/**
 * What the service manager gave to this process and to no other. Debian's tor speaks sd_notify: with an inherited
 * NOTIFY_SOCKET its READY=1 would make our own unit active. LISTEN_FDS would hand it our sockets, and
 * CREDENTIALS_DIRECTORY shows where the keys lie.
 */
const OURS_ALONE =
  /^(NOTIFY_SOCKET|WATCHDOG_.*|LISTEN_.*|CREDENTIALS_DIRECTORY|JOURNAL_STREAM|INVOCATION_ID|MAINPID|NODE_OPTIONS|NODE_CHANNEL_FD)$/;

/** An environment without what is meant for the daemon's main process alone. */
export const withoutServiceManager = (
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || OURS_ALONE.test(name) ? [] : [[name, value] as const],
    ),
  );
