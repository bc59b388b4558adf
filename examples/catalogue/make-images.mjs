// Draws the twelve images of input/. They are in the repository; run this after changing a drawing.
import { writeFileSync } from 'node:fs';
import { encodePng } from './png.mjs';

const SIZE = 160;
const SAMPLES = 4;

// A shape says whether a point is inside; y grows downwards, the middle is (80, 80).
const ellipse = (cx, cy, rx, ry) => (x, y) => ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1;
const box = (x0, y0, x1, y1) => (x, y) => x >= x0 && x <= x1 && y >= y0 && y <= y1;
const both = (a, b) => (x, y) => a(x, y) && b(x, y);
const without = (a, b) => (x, y) => a(x, y) && !b(x, y);
const ring = (cx, cy, rx, ry, width) => without(ellipse(cx, cy, rx, ry), ellipse(cx, cy, rx - width, ry - width));
const polygon =
  (...points) =>
  (x, y) => {
    let inside = false;
    points.forEach(([x1, y1], at) => {
      const [x2, y2] = points[(at + 1) % points.length];
      if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
    });
    return inside;
  };
const stripes = (shape, from, step, width) => both(shape, (_, y) => y > from && (y - from) % step < width);
const dots = (shape, step, r) => both(shape, (x, y) => Math.hypot((x % step) - step / 2, (y % step) - step / 2) < r);

const INK = '#2b2b33';
const mugBody = polygon([40, 45], [104, 45], [100, 128], [44, 128]);
const vaseBody = (x, y) => y > 24 && y < 138 && Math.abs(x - 80) < 20 + 18 * Math.sin((y - 24) / 40);
const bowlBody = both(ellipse(80, 66, 58, 62), (_, y) => y > 66);
const potBody = ellipse(78, 92, 44, 38);
const plate = ellipse(80, 80, 64, 64);
const glassBody = polygon([52, 26], [108, 26], [100, 134], [60, 134]);

/** name → background and layers, each painted over those before. */
const DRAWINGS = {
  'mug-blue': [
    '#f4efe6',
    [ring(104, 84, 26, 26, 8), '#1f5fa8'],
    [mugBody, '#1f5fa8'],
    [ellipse(72, 45, 32, 7), '#143f70'],
  ],
  'mug-striped': [
    '#ffffff',
    [ring(104, 84, 26, 26, 8), '#c8352c'],
    [mugBody, '#f7d9d0'],
    [stripes(mugBody, 48, 20, 10), '#c8352c'],
    [ellipse(72, 45, 32, 7), '#7d211b'],
  ],
  'plate-white': ['#3d5a50', [plate, '#f5f5f0'], [ring(80, 80, 46, 46, 2), '#c9c9c0']],
  'plate-dotted': [
    '#efe9dc',
    [plate, '#2f7d4f'],
    [dots(ring(80, 80, 62, 62, 20), 16, 4), '#ffffff'],
    [ellipse(80, 80, 40, 40), '#3c9a63'],
  ],
  'bowl-yellow': [
    '#f2f2f7',
    [box(62, 120, 98, 132), '#c99a10'],
    [bowlBody, '#efbf24'],
    [ellipse(80, 66, 58, 12), '#a87f0b'],
  ],
  'bowl-blue-rim': [
    '#e3d5bd',
    [box(62, 120, 98, 132), '#d5d5dd'],
    [bowlBody, '#ececf2'],
    [both(bowlBody, box(0, 66, 160, 82)), '#1f5fa8'],
    [ellipse(80, 66, 58, 12), '#b9b9c6'],
  ],
  'teapot-green': [
    '#fbf6ea',
    [ring(34, 88, 24, 24, 8), '#1f6b45'],
    [polygon([112, 92], [146, 60], [152, 66], [118, 112]), '#1f6b45'],
    [potBody, '#2c8c5b'],
    [ellipse(78, 58, 24, 8), '#1f6b45'],
    [ellipse(78, 48, 7, 7), '#1f6b45'],
  ],
  'teapot-black': [
    '#e8e4da',
    [ring(78, 52, 40, 34, 5), '#55555f'],
    [polygon([112, 92], [146, 60], [152, 66], [118, 112]), INK],
    [potBody, INK],
    [ellipse(78, 58, 24, 8), '#44444f'],
    [ellipse(64, 84, 8, 12), '#5b5b68'],
  ],
  'vase-red': ['#f1f1ec', [vaseBody, '#b3262b'], [ellipse(80, 24, 20, 5), '#6e1518']],
  'vase-striped': [
    '#fffaf0',
    [vaseBody, '#e9e2d0'],
    [stripes(vaseBody, 30, 18, 8), '#7b4fa0'],
    [ellipse(80, 24, 20, 5), '#51336b'],
  ],
  'glass-clear': [
    '#6c7f8c',
    [glassBody, '#c4d6df'],
    [both(glassBody, box(0, 70, 160, 134)), '#9cc3d9'],
    [ellipse(80, 26, 28, 6), '#e2ecf1'],
  ],
  'jug-orange': [
    '#eef3f0',
    [ring(116, 80, 24, 30, 8), '#d9741c'],
    [polygon([48, 40], [30, 30], [40, 58]), '#d9741c'],
    [polygon([44, 34], [104, 34], [112, 132], [36, 132]), '#e8862a'],
    [ellipse(74, 34, 30, 7), '#8f4a0e'],
  ],
};

for (const [name, [background, ...layers]] of Object.entries(DRAWINGS)) {
  writeFileSync(new URL(`input/${name}.png`, import.meta.url), encodePng(SIZE, SIZE, paint(background, layers)));
}

/** Several points of each pixel are looked up and averaged, so that edges are smooth. */
function paint(background, layers) {
  const pixels = Buffer.alloc(SIZE * SIZE * 3);
  const colours = [rgb(background), ...layers.map(([, colour]) => rgb(colour))];
  for (let at = 0; at < SIZE * SIZE; at += 1) {
    const sum = [0, 0, 0];
    for (let sample = 0; sample < SAMPLES * SAMPLES; sample += 1) {
      const x = (at % SIZE) + ((sample % SAMPLES) + 0.5) / SAMPLES;
      const y = Math.floor(at / SIZE) + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES;
      const top = layers.findLastIndex(([shape]) => shape(x, y));
      colours[top + 1].forEach((value, channel) => {
        sum[channel] += value;
      });
    }
    sum.forEach((value, channel) => {
      pixels[at * 3 + channel] = Math.round(value / (SAMPLES * SAMPLES));
    });
  }
  return pixels;
}

function rgb(hex) {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}
