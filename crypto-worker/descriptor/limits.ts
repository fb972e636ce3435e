/** Numbers of the descriptor format. All come from C Tor 0.4.9 and are visible to HSDirs or clients. */

/** descriptor-lifetime that services write (rend-spec-v3 §2.2.5). */
export const LIFETIME_MINUTES = 180;
/** Bounds of the field (rend-spec-v3 §2.4). */
export const SHORTEST_LIFETIME_MINUTES = 30;
export const LONGEST_LIFETIME_MINUTES = 720;

/** Every certificate lives this long from the upload on (C Tor's HS_DESC_CERT_LIFETIME). */
export const CERTIFICATE_LIFETIME_SECONDS = 54 * 3600;

/** A C client drops the whole descriptor above this (rend-spec-v3 §2.5.4). */
export const MOST_INTRODUCTION_POINTS = 20;

/** The middle layer is padded to a multiple of this (rend-spec-v3 §2.5.1.1). */
export const PADDING_MULTIPLE = 10_000;

/** auth-client lines come in multiples of this, fakes included (rend-spec-v3 §2.5.1.4). */
export const AUTH_CLIENT_MULTIPLE = 16;
/** More lines than a descriptor of 50 kB can hold are an attack on the parser. */
export const MOST_AUTH_CLIENTS = 1024;

/** Default of HSV3MaxDescriptorSize in bytes; a descriptor of exactly this size is refused by C Tor. */
export const DEFAULT_MAX_DESCRIPTOR_SIZE = 50_000;

/** Whatever the consensus says, nothing larger is parsed. */
export const LARGEST_PARSED_DESCRIPTOR = 1_000_000;
