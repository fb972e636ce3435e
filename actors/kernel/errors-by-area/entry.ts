/** What an error code means. Both may hold {placeholders} that the place of the error fills. */
export interface CatalogueEntry {
  readonly what: string;
  /** What the operator should do. */
  readonly action: string;
}
