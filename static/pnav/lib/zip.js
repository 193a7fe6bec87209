/**
 * Reads a zip: its directory at the end, then each file, stored or deflated. No zip64, no encryption, no second disk.
 *
 * APPNOTE.TXT 6.3.10, 4.3; what `chat.personal_copy.archive` writes, and what anybody may hand in its place: whatever
 * does not hold together is an Error.
 *
 * @module
 */

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {{ name: string, method: number, size: number, packed: Bytes }} Entry */

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const SIZES = 0x08074b50;
const SIZES_AFTER = 8;
const END_BYTES = 22;
const COMMENT_MOST = 0xffff;
const STORED = 0;
const DEFLATED = 8;

/** @param {boolean} holds */
const must = (holds) => {
  if (!holds) throw new Error("not a whole zip");
};

/** @param {Bytes} bytes */
const word = (bytes) => new TextDecoder("utf-8", { fatal: true }).decode(bytes);

/**
 * @param {Bytes} bytes
 * @returns {{ comment: string, entries: Entry[] }} in the order of its directory
 */
export const readZip = (bytes) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - END_BYTES;
  const last = Math.max(0, end - COMMENT_MOST);
  while (end >= last && view.getUint32(end, true) !== END) end -= 1;
  must(end >= last && end >= 0);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const directoryEnd = at + view.getUint32(end + 12, true);
  must(directoryEnd === end && end + END_BYTES + view.getUint16(end + 20, true) === bytes.length);
  const entries = [];
  let filesEnd = 0;
  for (let place = 0; place < count; place += 1) {
    must(at + 46 <= end && view.getUint32(at, true) === CENTRAL);
    const [method, packedSize, size] = [
      view.getUint16(at + 10, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 24, true),
    ];
    const [nameSize, extra, note] = [
      view.getUint16(at + 28, true),
      view.getUint16(at + 30, true),
      view.getUint16(at + 32, true),
    ];
    const local = view.getUint32(at + 42, true);
    const name = word(bytes.slice(at + 46, at + 46 + nameSize));
    // Files stand one after the other, so that no byte of them is left out of what is checked.
    must(local === filesEnd && local + 30 <= end && view.getUint32(local, true) === LOCAL);
    const begin = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    filesEnd = begin + packedSize;
    const packed = bytes.slice(begin, filesEnd);
    // Sizes that were not known before the file come after it, with a signature, as they stand in the directory.
    if (view.getUint16(at + 8, true) & SIZES_AFTER) {
      must(filesEnd + 16 <= end && view.getUint32(filesEnd, true) === SIZES);
      must(view.getUint32(filesEnd + 8, true) === packedSize && view.getUint32(filesEnd + 12, true) === size);
      filesEnd += 16;
    }
    must(filesEnd <= end && word(bytes.slice(local + 30, local + 30 + view.getUint16(local + 26, true))) === name);
    entries.push({ name, method, size, packed });
    at += 46 + nameSize + extra + note;
  }
  must(at === end && filesEnd === view.getUint32(end + 16, true));
  return { comment: word(bytes.slice(end + END_BYTES)), entries };
};

/**
 * The content of a file. An Error when it does not come out whole.
 *
 * @param {Entry} entry
 * @returns {Promise<Bytes>} never more than the directory says
 */
export const unpack = async (entry) => {
  if (entry.method === STORED) return entry.packed;
  must(entry.method === DEFLATED);
  const parts = [];
  let size = 0;
  const reader = new Blob([entry.packed]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    size += piece.value.length;
    if (size > entry.size) {
      await reader.cancel();
      must(false);
    }
    parts.push(piece.value);
  }
  must(size === entry.size);
  return new Uint8Array(await new Blob(parts).arrayBuffer());
};
