/**
 * The guard against neighbours: plain UDP to the tunnel address that comes in by any other interface is dropped, also
 * when it would be forwarded into the tunnel; and what is meant for the tunnel never leaves by another one. WireGuard
 * alone does not authenticate what reaches a socket that is bound to the tunnel address.
 */
const RULES = 2;

/**
 * By what a rule is known again. The network is part of it: a table that a crash left behind guards that of another cluster,
 * whose interface had the same name. In the rule itself nft may write the same network in another form.
 */
const mark = (network: string): string => `comment "rustbalance guard 1 ${network}"`;

/** Our own table: nothing of anybody else's rule set is touched. */
export const guardTableName = (interfaceName: string): string => `rustbalance-${interfaceName}`;

/** Input of `nft -f -`: makes the table anew, in one transaction. */
export const guardTableText = (interfaceName: string, network: string): string => {
  const table = `table ip6 ${guardTableName(interfaceName)}`;
  const allowed = `{ "lo", "${interfaceName}" }`;
  return [
    // Adding first makes the deletion succeed whether it was there or not.
    `add ${table}`,
    `delete ${table}`,
    `${table} {`,
    '  chain arriving {',
    '    type filter hook prerouting priority -300; policy accept;',
    `    iifname != ${allowed} ip6 daddr ${network} counter drop ${mark(network)}`,
    '  }',
    '  chain leaving {',
    '    type filter hook output priority -300; policy accept;',
    `    oifname != ${allowed} ip6 daddr ${network} counter drop ${mark(network)}`,
    '  }',
    '}',
    '',
  ].join('\n');
};

/** Whether the output of `nft list table` still holds both rules for this network. */
export const isGuardTable = (listing: string, network: string): boolean =>
  listing.split('\n').filter((line) => line.includes(`drop ${mark(network)}`)).length === RULES;
