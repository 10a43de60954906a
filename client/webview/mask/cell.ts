/** A query row and a key of the mask, as the picture counts them: row 0 is the first query. */
export interface Cell {
  readonly row: number;
  readonly column: number;
}
