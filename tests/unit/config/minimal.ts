/** The smallest configuration that is accepted, and pieces to vary it with. */
export const ADDRESS = '25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid.onion';

export const MINIMAL = `[node]
id = "alpha"

[master]
onion_address = "${ADDRESS}"

[target]
url = "http://127.0.0.1:9101"
`;

export const PEER = (id: string, address: string, key: string): string => `
[[direct.peers]]
id = "${id}"
address = "${address}"
public_key = "${key}"
`;

export const KEY_A = '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';
export const KEY_B = 'PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=';
