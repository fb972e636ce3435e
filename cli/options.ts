/**
 * Options as data. A command states the type of its arguments once; the table that defines them must then have
 * exactly one definition of the right kind for each, or it does not compile. The parser's options, the help and
 * docs/commands.md are made from the same table.
 */
interface Common {
  readonly description: string;
  /** Given by its place instead of `--name`. */
  readonly positional?: true;
  /** Stands for the value in the help, e.g. `FILE`. */
  readonly metavar?: string;
}

interface Flag extends Common {
  readonly kind: 'flag';
}
interface List extends Common {
  readonly kind: 'list';
}
interface Text extends Common {
  readonly kind: 'text';
}
interface WholeNumber extends Common {
  readonly kind: 'number';
  readonly minimum: number;
  readonly maximum: number;
}
interface Choice<T> extends Common {
  readonly kind: 'choice';
  readonly choices: readonly T[];
}

type Valued<T> = [T] extends [number] ? WholeNumber : string extends T ? Text : Choice<T>;

type OptionFor<T> = [T] extends [boolean]
  ? Flag
  : [T] extends [readonly string[]]
    ? List
    : undefined extends T
      ? Valued<Exclude<T, undefined>> & { readonly presence: 'optional' }
      : Valued<T> &
          ({ readonly presence: 'required' } | { readonly presence: 'default'; readonly fallback: T });

/** A definition for every argument of `Args`. */
export type OptionTable<Args> = { readonly [K in keyof Args]-?: OptionFor<Args[K]> };

/** Any definition, as the makers of parser, help and reference see it. */
export type AnyOption =
  | Flag
  | List
  | ((Text | WholeNumber | Choice<string>) &
      (
        | { readonly presence: 'required' | 'optional' }
        | { readonly presence: 'default'; readonly fallback: string | number }
      ));

export type AnyOptionTable = Readonly<Record<string, AnyOption>>;

/** The value of one option out of what the parser gave, or why it is refused. */
export const readOption = (
  name: string,
  option: AnyOption,
  given: unknown,
): { readonly value: unknown } | { readonly refusal: string } => {
  const shown = option.positional === true ? name : `--${name}`;
  if (option.kind === 'flag') return { value: given === true };
  if (option.kind === 'list') return { value: Array.isArray(given) ? given.map(String) : [] };
  if (Array.isArray(given)) return { refusal: `${shown} is given twice` };
  if (given === undefined) {
    if (option.presence === 'required') return { refusal: `${shown} is missing` };
    return { value: option.presence === 'default' ? option.fallback : undefined };
  }
  const text = String(given);
  switch (option.kind) {
    case 'text':
      return text === '' ? { refusal: `${shown} is empty` } : { value: text };
    case 'choice':
      return option.choices.includes(text)
        ? { value: text }
        : { refusal: `${shown} must be one of ${option.choices.join(', ')}` };
    case 'number': {
      const { minimum, maximum } = option;
      const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
      return number >= minimum && number <= maximum
        ? { value: number }
        : { refusal: `${shown} must be a whole number from ${String(minimum)} to ${String(maximum)}` };
    }
  }
};
