// A picture as a PNG of 256 colours: a third of what a browser writes, and nobody sees the difference.
import { crc32, deflateSync } from "node:zlib";

const COLORS = 256;

/** The PNG of pixels, four bytes each: red, green, blue and one that is left out. */
export function palettePng(pixels, width, height) {
  const { palette, places } = paletteOf(colorsIn(pixels));
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0, from = 0, to = 0; y < height; y++) {
    rows[to++] = 0; // No filter: colours by number have no slopes.
    for (let x = 0; x < width; x++, from += 4) rows[to++] = places.get(colorAt(pixels, from));
  }
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header(width, height)),
    chunk("PLTE", Buffer.from(palette.flatMap(bytesOf))),
    chunk("IDAT", deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** Colours that stand for all, and which stands for each: the next is always the one that most pixels are furthest from. */
function paletteOf(colors) {
  const all = [...colors].sort(([a, n], [b, m]) => m - n || a - b);
  const wrong = all.map(() => Number.POSITIVE_INFINITY);
  const places = new Map();
  const palette = [];
  while (palette.length < Math.min(COLORS, all.length)) {
    let [worst, next] = [-1, 0];
    all.forEach(([, pixels], i) => {
      if (wrong[i] * pixels > worst) [worst, next] = [wrong[i] * pixels, i];
    });
    const [color] = all[next];
    all.forEach(([other], i) => {
      const apart = distance(color, other);
      if (apart >= wrong[i]) return;
      wrong[i] = apart;
      places.set(other, palette.length);
    });
    palette.push(color);
  }
  return { palette, places };
}

function distance(a, b) {
  const [one, other] = [bytesOf(a), bytesOf(b)];
  return one.reduce((sum, byte, i) => sum + (byte - other[i]) ** 2, 0);
}

function colorsIn(pixels) {
  const colors = new Map();
  for (let i = 0; i < pixels.length; i += 4) {
    const color = colorAt(pixels, i);
    colors.set(color, (colors.get(color) ?? 0) + 1);
  }
  return colors;
}

function colorAt(pixels, i) {
  return (pixels[i] << 16) | (pixels[i + 1] << 8) | pixels[i + 2];
}

function bytesOf(color) {
  return [color >> 16, (color >> 8) & 255, color & 255];
}

function header(width, height) {
  const bytes = Buffer.alloc(13);
  bytes.writeUInt32BE(width, 0);
  bytes.writeUInt32BE(height, 4);
  bytes.set([8, 3, 0, 0, 0], 8); // 8 bits, by palette.
  return bytes;
}

function chunk(type, data) {
  const named = Buffer.concat([Buffer.from(type), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
