/** Vectors of C Tor's onion service code (src/test/test_hs_common.c). Hexadecimal where not said otherwise. */

/** test_blinding_basics: an expanded key, period 1234 of 1440 minutes. */
export const C_TOR_BLINDING = {
  publicKey: '833990b085c1a688c1d4c8b1f6b56afaf5a2eca674449e1d704f83765ccb7bc6',
  expanded:
    'd8c7ff0e31295b66540d789af3e3df992038a9592eea01d8b7cba06d6e66d159' +
    '4d6167696320576f7264733a20737065697373636f62616c742062697669756d',
  timePeriod: 1234,
  periodLength: 1440,
  /** The SHA3-256 digest before it is clamped. */
  parameter: '379e50db31fee6775abd0af6fb7c371e060308f4f847db09fe4cfe13af602287',
  blindedPublic: '3a50bf210e8f9ee955ae0014f7a6917fb65ebf098a86305abb508d1a7291b6d5',
  subcredential: '635d55907816e8d76398a675a50b1c2f3e36b42a5ca77ba3a0441285161ae07d',
  blindedSecret:
    'a958dc83ac885f6814c67035de817a2c604d5d2f715282079448f789b656350b' +
    '4540fe1f80aa3f7e91306b7bf7a8e367293352b14a29fdcc8c19f3558075524b',
} as const;

/** test_build_address. */
export const C_TOR_ADDRESS = {
  publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  address: '25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid',
} as const;

/** test_validate_address: right length and alphabet, wrong checksum. */
export const C_TOR_BAD_CHECKSUMS = [
  'l5satjgud6gucryazcyvyvhuxhr74u6ygigiuyixe3a6ysis67ororad',
  'btojiu7nu5y5iwut64eufevogqdw4wmqzugnoluw232r4t3ecsfv37ad',
] as const;

/** test_hs_indexes: keys of 32 bytes 0x42, a shared random value of 32 bytes 0x43, period 42 of 1440 minutes. */
export const C_TOR_INDICES = {
  keyByte: 0x42,
  srvByte: 0x43,
  timePeriod: 42,
  periodLength: 1440,
  replica: 1,
  serviceIndex: '37e5cbbd56a22823714f18f1623ece5983a0d64c78495a8cfab854245e5f9a8a',
  relayIndex: 'db475361014a09965e7e5e4d4a25b8f8d4b8f16cb1d8a7e95eed50249cc1a2d5',
} as const;

/** test_disaster_srv: period 1 of 1440 minutes. */
export const C_TOR_DISASTER_SRV = 'f8a4948707653837fa44abb5bbc75a12f6f101e7f8faf699b9715f4965d3507d';
