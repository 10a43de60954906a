const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** The CRC-32 of bytes in pieces, as zip and PNG files have it (polynomial 0xedb88320); `zlib.crc32` of Python is the same. */
export function crc32(pieces: Iterable<Uint8Array>): number {
  let value = 0xffffffff;
  for (const piece of pieces)
    for (let at = 0; at < piece.length; at++) value = Number(TABLE[(value ^ Number(piece[at])) & 0xff]) ^ (value >>> 8);
  return ~value >>> 0;
}
