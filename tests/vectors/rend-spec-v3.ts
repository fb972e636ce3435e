/** Examples that rend-spec-v3 itself gives. */

/** §6. */
export const SPEC_ADDRESSES = [
  'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd',
  'sp3k262uwy4r2k3ycr5awluarykdpag6a7y33jxop4cs2lu5uz5sseqd',
  'xa4r2iadxm55fbnqgwwi5mymqdcofiu3w6rpbtqn7b2dyn7mgwj64jyd',
] as const;

/** §2.2.1: 2016-04-13 11:15:01 UTC with hourly votes and days as periods. */
export const SPEC_TIME_PERIOD = {
  moment: Date.UTC(2016, 3, 13, 11, 15, 1) / 1000,
  number: 16903,
  start: Date.UTC(2016, 3, 12, 12) / 1000,
  end: Date.UTC(2016, 3, 13, 12) / 1000,
} as const;
