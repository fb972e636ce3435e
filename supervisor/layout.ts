import type { ChildSpec, GroupSpec, SupervisorSpec } from './child-spec.js';

/**
 * Children that are restarted together: each child of a one_for_one group alone, a rest_for_one group as a whole.
 * With that, one machinery restarts both: clear from the failed child to the end of its unit, then start in order.
 */
export interface Unit {
  readonly group: GroupSpec;
  readonly children: readonly ChildSpec[];
}

export interface Place {
  readonly spec: ChildSpec;
  readonly group: GroupSpec;
  /** Index of its unit. */
  readonly unit: number;
  /** Its index within the unit. */
  readonly index: number;
}

export interface Layout {
  readonly units: readonly Unit[];
  /** Start order. */
  readonly places: readonly Place[];
}

const unitsOf = (group: GroupSpec): readonly Unit[] =>
  group.strategy === 'rest_for_one'
    ? [{ group, children: group.children }]
    : group.children.map((child) => ({ group, children: [child] }));

export const layoutOf = (spec: SupervisorSpec): Layout => {
  const units = spec.groups.flatMap(unitsOf);
  const places = units.flatMap(({ group, children }, unit) =>
    children.map((child, index) => ({ spec: child, group, unit, index })),
  );
  return { units, places };
};
