/** Actors may be killed as often as a test likes, and one that hangs is noticed sooner than by default. */
export const CHAOS_SETTINGS: readonly string[] = [
  'chaos.enabled=true',
  'supervisor.intensity=100',
  'supervisor.period_secs=3000',
  'supervisor.ping_timeout_secs=2',
];
