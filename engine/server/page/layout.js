// Where each tile of a justified grid is: rows as wide as the grid, of about the same height.

const GAP = 8;

/** The width of a hit's tile over its height. */
export function shapeOf(hit) {
  const { width, height } = hit.file ?? {};
  if (hit.kind !== "audio" && width && height) return Math.min(2.6, Math.max(0.55, width / height));
  return hit.kind === "audio" ? 1.9 : 1.5;
}

/**
 * Lay out hits in rows. `line` is the place of the first hit that is less likely, before which a
 * row of its own is left; -1 for none. Returns the tiles, where the line is, and the height of all.
 */
export function layOut(hits, width, line) {
  const wanted = width < 500 ? 130 : width > 2500 ? 280 : 210;
  const tiles = [];
  let [top, row, lineTop] = [0, [], null];
  const end = (justify) => {
    if (!row.length) return;
    const shapes = row.reduce((sum, hit) => sum + shapeOf(hit), 0);
    const room = width - GAP * (row.length - 1);
    const height = justify ? room / shapes : Math.min(wanted, room / shapes);
    let left = 0;
    for (const hit of row) {
      const tile = { left, top, width: shapeOf(hit) * height, height };
      tiles.push(tile);
      left += tile.width + GAP;
    }
    top += height + GAP;
    row = [];
  };
  hits.forEach((hit, place) => {
    if (place === line) {
      end(false);
      lineTop = top;
      top += 44;
    }
    row.push(hit);
    const shapes = row.reduce((sum, each) => sum + shapeOf(each), 0);
    if (shapes * wanted + GAP * (row.length - 1) >= width) end(true);
  });
  end(false);
  return { tiles, lineTop, height: top };
}

/** The tiles between two heights, as the first place and the one past the last. */
export function between(tiles, above, below) {
  let [low, high] = [0, tiles.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tiles[middle].top + tiles[middle].height < above) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (end < tiles.length && tiles[end].top <= below) end += 1;
  return [low, end];
}
