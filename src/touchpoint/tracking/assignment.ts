// Who is who: pairs rows and columns so that the sum of their worth is largest. Pure.

/**
 * The Hungarian method with potentials, O(rows² × columns): the best assignment of all, where a greedy one gives two people
 * who cross each other's boxes to each other as soon as one pair looks better than both together.
 * H. W. Kuhn, The Hungarian Method for the Assignment Problem, 1955; J. Munkres 1957.
 * @param worth rows × columns, each 0 or more; 0 means never
 * @returns pairs of row and column whose worth is above 0, in the order of rows
 */
export function assign(worth: readonly (readonly number[])[]): [row: number, column: number][] {
  const rows = worth.length;
  const columns = worth[0]?.length ?? 0;
  if (rows === 0 || columns === 0) return [];
  if (rows > columns) {
    const turned = Array.from({ length: columns }, (_, c) => worth.map((row) => row[c] ?? 0));
    return assign(turned)
      .map(([column, row]): [number, number] => [row, column])
      .toSorted((a, b) => a[0] - b[0]);
  }
  // Rows and columns count from 1 here; 0 is the place from which a row is put in.
  const rowPotential = new Float64Array(rows + 1);
  const columnPotential = new Float64Array(columns + 1);
  const rowOf = new Int32Array(columns + 1);
  const before = new Int32Array(columns + 1);
  for (let row = 1; row <= rows; row += 1) {
    const least = new Float64Array(columns + 1).fill(Number.POSITIVE_INFINITY);
    const used = new Uint8Array(columns + 1);
    rowOf[0] = row;
    let column = 0;
    do {
      used[column] = 1;
      const from = rowOf[column] ?? 0;
      let smallest = Number.POSITIVE_INFINITY;
      let next = 0;
      for (let c = 1; c <= columns; c += 1) {
        if (used[c] === 1) continue;
        const cost = -(worth[from - 1]?.[c - 1] ?? 0) - (rowPotential[from] ?? 0) - (columnPotential[c] ?? 0);
        if (cost < (least[c] ?? 0)) {
          least[c] = cost;
          before[c] = column;
        }
        if ((least[c] ?? 0) < smallest) {
          smallest = least[c] ?? 0;
          next = c;
        }
      }
      for (let c = 0; c <= columns; c += 1) {
        if (used[c] === 1) {
          const owner = rowOf[c] ?? 0;
          rowPotential[owner] = (rowPotential[owner] ?? 0) + smallest;
          columnPotential[c] = (columnPotential[c] ?? 0) - smallest;
        } else least[c] = (least[c] ?? 0) - smallest;
      }
      column = next;
    } while (rowOf[column] !== 0);
    // Along the path that was found each column goes to the row before it.
    while (column !== 0) {
      const former = before[column] ?? 0;
      rowOf[column] = rowOf[former] ?? 0;
      column = former;
    }
  }
  const pairs: [number, number][] = [];
  for (let c = 1; c <= columns; c += 1) {
    const row = (rowOf[c] ?? 0) - 1;
    if (row >= 0 && (worth[row]?.[c - 1] ?? 0) > 0) pairs.push([row, c - 1]);
  }
  return pairs.toSorted((a, b) => a[0] - b[0]);
}
