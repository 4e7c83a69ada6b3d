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
 * row of its own is left; -1 for none. `kept` is what this returned for the first of these hits:
 * its rows stay, but for the last. Returns the tiles, where the line is, and the height of all.
 */
export function layOut(hits, width, line, kept = null) {
  const wanted = width < 500 ? 130 : width > 2500 ? 280 : 210;
  const same = kept && kept.width === width && kept.line === line && kept.tiles.length <= hits.length;
  const tiles = same ? kept.tiles : [];
  tiles.length = same ? kept.lastRow : 0;
  let [top, lineTop, row, shapes] = [same ? kept.lastTop : 0, same ? kept.lineTop : null, [], 0];
  let [lastRow, lastTop] = [tiles.length, top];
  const end = (justify) => {
    if (!row.length) return;
    const room = width - GAP * (row.length - 1);
    const height = justify ? room / shapes : Math.min(wanted, room / shapes);
    let left = 0;
    for (const shape of row) {
      tiles.push({ left, top, width: shape * height, height });
      left += shape * height + GAP;
    }
    top += height + GAP;
    [row, shapes] = [[], 0];
    if (justify) [lastRow, lastTop] = [tiles.length, top];
  };
  for (let place = tiles.length; place < hits.length; place += 1) {
    if (place === line && (lineTop === null || place >= lastRow)) {
      end(false);
      lineTop = top;
      top += 44;
      [lastRow, lastTop] = [tiles.length, lineTop];
    }
    const shape = shapeOf(hits[place]);
    row.push(shape);
    shapes += shape;
    if (shapes * wanted + GAP * (row.length - 1) >= width) end(true);
  }
  end(false);
  return { tiles, lineTop, height: top, width, line, lastRow, lastTop };
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
