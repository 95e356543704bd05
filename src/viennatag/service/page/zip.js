/**
 * A ZIP archive of stored files (PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16).
 *
 * Images are compressed already, so nothing is gained by more than this.
 */

const LIMIT = 2 ** 32 - 1;
const UTF8_NAMES = 1 << 11;
const DATE = 0x21; // 1 January 1980, the first day that the format knows: the same files give the same archive

const TABLE = Uint32Array.from({ length: 256 }, (_, at) => {
  let value = at;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

export function crc32(bytes) {
  let value = LIMIT;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ LIMIT) >>> 0;
}

/** Return bytes of little-endian numbers, given as [value, bytes]. */
function pack(...numbers) {
  const view = new DataView(new ArrayBuffer(numbers.reduce((sum, [, width]) => sum + width, 0)));
  let at = 0;
  for (const [value, width] of numbers) {
    if (width === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += width;
  }
  return view.buffer;
}

/** Return an archive of `files`, an iterable (also asynchronous) of [name, blob]. */
export async function zip(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for await (const [name, blob] of files) {
    const path = new TextEncoder().encode(name);
    const crc = crc32(new Uint8Array(await blob.arrayBuffer()));
    const entry = [[20, 2], [UTF8_NAMES, 2], [0, 2], [0, 2], [DATE, 2], [crc, 4], [blob.size, 4], [blob.size, 4]];
    const head = pack([0x04034b50, 4], ...entry, [path.length, 2], [0, 2]);
    const place = [[path.length, 2], [0, 2], [0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]];
    parts.push(head, path, blob);
    directory.push(pack([0x02014b50, 4], [20, 2], ...entry, ...place), path);
    offset += head.byteLength + path.length + blob.size;
  }
  const count = directory.length / 2;
  if (offset > LIMIT || count > 65_534) throw new Error("more than 4 GB or 65,534 files; export fewer images at a time");
  const size = directory.reduce((sum, piece) => sum + piece.byteLength, 0);
  const end = pack([0x06054b50, 4], [0, 2], [0, 2], [count, 2], [count, 2], [size, 4], [offset, 4], [0, 2]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}
