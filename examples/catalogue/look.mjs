// What can be seen in an image: where the subject stands, its colours, and whether it is striped or dotted.

/** Named by the nearest of these, in RGB with the weights of Compuserve's Thiadmer Riemersma ("redmean"). */
const COLOURS = {
  black: [40, 40, 48],
  grey: [150, 150, 155],
  white: [242, 242, 240],
  red: [190, 40, 42],
  orange: [228, 130, 40],
  yellow: [238, 190, 40],
  green: [44, 135, 85],
  blue: [31, 95, 168],
  'light blue': [170, 205, 222],
  purple: [120, 75, 158],
  brown: [130, 80, 25],
  cream: [233, 224, 206],
};
const APART = 60;

/** { width, height, coverage, box, colours, background, pattern } of decoded pixels. */
export function look({ width, height, pixels }) {
  const pixel = (at) => pixels.subarray(at * 3, at * 3 + 3);
  const background = pixel(0);
  // The name of each pixel's colour, null where it is the background.
  const names = Array.from({ length: width * height }, (_, at) =>
    distance(pixel(at), background) > APART ? nameOf(pixel(at)) : null,
  );
  const rows = Array.from({ length: height }, (_, y) => names.slice(y * width, (y + 1) * width));
  const covered = names.filter((name) => name !== null).length;
  if (covered === 0) throw new Error('the image shows nothing before its background');
  const top = rows.findIndex((row) => row.some(Boolean));
  const bottom = rows.findLastIndex((row) => row.some(Boolean));
  const left = Math.min(...rows.map((row) => row.findIndex(Boolean)).filter((x) => x >= 0));
  const right = Math.max(...rows.map((row) => row.findLastIndex(Boolean)));
  return {
    width,
    height,
    coverage: Math.round((covered / names.length) * 1000) / 1000,
    box: [left, top, right, bottom],
    background: nameOf(background),
    colours: tally(names)
      .filter(([, count]) => count > covered * 0.08)
      .map(([name]) => name),
    pattern: stripes(rows) >= 6 ? 'striped' : spots(names, width) >= 8 ? 'dotted' : 'plain',
  };
}

/** Bands of rows, each at least three high, in which one colour prevails. */
function stripes(rows) {
  const prevailing = rows.map((row) => tally(row)[0]?.[0] ?? null);
  let bands = 0;
  let start = 0;
  for (let y = 1; y <= prevailing.length; y += 1) {
    if (prevailing[y] === prevailing[start]) continue;
    if (prevailing[start] !== null && y - start >= 3) bands += 1;
    start = y;
  }
  return bands;
}

/** Small patches of one colour. */
function spots(names, width) {
  const seen = new Set();
  let count = 0;
  names.forEach((name, start) => {
    if (name === null || seen.has(start)) return;
    const patch = [start];
    seen.add(start);
    for (const at of patch) {
      for (const next of [at - 1, at + 1, at - width, at + width]) {
        if (names[next] !== name || seen.has(next)) continue;
        seen.add(next);
        patch.push(next);
      }
    }
    if (patch.length >= 20 && patch.length <= 200) count += 1;
  });
  return count;
}

/** [name, how often] of all names but null, the most frequent first. */
function tally(names) {
  const counts = new Map();
  for (const name of names) if (name !== null) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

function nameOf(colour) {
  const [[nearest]] = Object.entries(COLOURS)
    .map(([name, rgb]) => [name, distance(colour, rgb)])
    .sort((a, b) => a[1] - b[1]);
  return nearest;
}

function distance([r1, g1, b1], [r2, g2, b2]) {
  const mean = (r1 + r2) / 2;
  return Math.sqrt((2 + mean / 256) * (r1 - r2) ** 2 + 4 * (g1 - g2) ** 2 + (2 + (255 - mean) / 256) * (b1 - b2) ** 2);
}
