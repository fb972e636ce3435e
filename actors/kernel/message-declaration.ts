/**
 * How messages are declared: once, by name, with payload and kind, in `actors/<owner>/messages.ts`. The prefix
 * of the name is the owner. The types of both ends are derived from the declaration.
 *
 * | kind    | direction                | kept by the router            |
 * | ------- | ------------------------ | ----------------------------- |
 * | fact    | owner → all who subscribe | the last one, given again to whoever (re)starts |
 * | signal  | owner → all who subscribe | no                            |
 * | order   | anybody → owner           | no, no answer                 |
 * | request | anybody → owner           | no, answered within a deadline |
 */
declare const payload: unique symbol;
declare const answer: unique symbol;

export interface FactDeclaration<P> {
  readonly kind: 'fact';
  readonly [payload]?: P;
}
export interface SignalDeclaration<P> {
  readonly kind: 'signal';
  readonly [payload]?: P;
}
export interface OrderDeclaration<P> {
  readonly kind: 'order';
  readonly [payload]?: P;
}
export interface RequestDeclaration<P, A> {
  readonly kind: 'request';
  readonly [payload]?: P;
  readonly [answer]?: A;
}

export type Declaration =
  | FactDeclaration<unknown>
  | SignalDeclaration<unknown>
  | OrderDeclaration<unknown>
  | RequestDeclaration<unknown, unknown>;

export const fact = <P>(): FactDeclaration<P> => ({ kind: 'fact' });
export const signal = <P>(): SignalDeclaration<P> => ({ kind: 'signal' });
export const order = <P>(): OrderDeclaration<P> => ({ kind: 'order' });
export const request = <P, A>(): RequestDeclaration<P, A> => ({ kind: 'request' });

export type PayloadOf<D> = D extends { readonly [payload]?: infer P } ? Exclude<P, undefined> : never;
export type AnswerOf<D> = D extends { readonly [answer]?: infer A } ? Exclude<A, undefined> : never;
