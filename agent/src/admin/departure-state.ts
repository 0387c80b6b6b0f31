/** How far an agent is with leaving the pods of its node. */
export type DepartureState =
  | { readonly state: 'here' | 'leaving' | 'left' }
  | { readonly state: 'stuck'; readonly problem: string };
