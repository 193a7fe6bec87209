/**
 * Reads a zip: its directory at the end, then each file, stored or deflated. Zip64, encryption and further disks are
 * refused.
 *
 * It follows APPNOTE.TXT 6.3.10, 4.3. It reads what `chat.personal_copy.archive` writes, and what anybody may give in
 * its place, so whatever is not consistent is an Error. The zip is never in memory as a whole: only its directory is,
 * and one file after the other.
 *
 * @module
 */

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {{ name: string, method: number, size: number, packed: Blob }} Entry size: in bytes, once it is unpacked */

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const SIZES = 0x08074b50;
const SIZES_AFTER = 8;
const [END_BYTES, CENTRAL_BYTES, LOCAL_BYTES, SIZES_BYTES] = [22, 46, 30, 16];
const COMMENT_MOST = 0xffff;
const DIRECTORY_MOST = 1024 * 1024; // bytes: an archive of 320 files has some 30,000
const FILE_MOST = 64 * 1024 * 1024; // bytes of one file, packed or not: papers have 24 MiB at most, a capture 15 MB
const STORED = 0;
const DEFLATED = 8;

/** @param {boolean} holds */
const must = (holds) => {
  if (!holds) throw new Error("not a whole zip");
};

/** @param {Bytes} bytes */
const word = (bytes) => new TextDecoder("utf-8", { fatal: true }).decode(bytes);

/** @param {Blob} file @param {number} begin @param {number} end @returns {Promise<Bytes>} */
const read = async (file, begin, end) => new Uint8Array(await file.slice(begin, end).arrayBuffer());

/** @param {Bytes} bytes */
const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Return where the bytes of a file are. What is written before and after them must agree with the directory.
 *
 * @param {Blob} file @param {Bytes} central its entry in the directory @param {number} from @param {number} directory
 * @returns {Promise<{ entry: Entry, end: number }>}
 */
const readEntry = async (file, central, from, directory) => {
  const view = viewOf(central);
  const [packedSize, size, nameSize] = [view.getUint32(20, true), view.getUint32(24, true), view.getUint16(28, true)];
  // Files follow one another, so that no byte between them escapes the check.
  must(view.getUint32(42, true) === from && from + LOCAL_BYTES + nameSize <= directory);
  const name = word(central.slice(CENTRAL_BYTES, CENTRAL_BYTES + nameSize));
  const before = await read(file, from, from + LOCAL_BYTES + nameSize);
  const local = viewOf(before);
  must(local.getUint32(0, true) === LOCAL && local.getUint16(26, true) === nameSize);
  must(word(before.slice(LOCAL_BYTES)) === name);
  const begin = from + LOCAL_BYTES + nameSize + local.getUint16(28, true);
  let end = begin + packedSize;
  must(end <= directory);
  const packed = file.slice(begin, end);
  // Sizes that were not known before the file follow it, with a signature, as the directory has them.
  if (view.getUint16(8, true) & SIZES_AFTER) {
    must(end + SIZES_BYTES <= directory);
    const after = viewOf(await read(file, end, end + SIZES_BYTES));
    must(after.getUint32(0, true) === SIZES);
    must(after.getUint32(8, true) === packedSize && after.getUint32(12, true) === size);
    end += SIZES_BYTES;
  }
  return { entry: { name, method: view.getUint16(10, true), size, packed }, end };
};

/**
 * @param {Blob} file
 * @returns {Promise<{ comment: string, entries: Entry[] }>} in the order of its directory
 */
export const readZip = async (file) => {
  const tailAt = Math.max(0, file.size - END_BYTES - COMMENT_MOST);
  const tail = await read(file, tailAt, file.size);
  const view = viewOf(tail);
  let end = tail.length - END_BYTES;
  while (end >= 0 && view.getUint32(end, true) !== END) end -= 1;
  must(end >= 0);
  const count = view.getUint16(end + 10, true);
  const [directorySize, directoryAt] = [view.getUint32(end + 12, true), view.getUint32(end + 16, true)];
  must(directorySize <= DIRECTORY_MOST && directoryAt + directorySize === tailAt + end);
  must(end + END_BYTES + view.getUint16(end + 20, true) === tail.length);
  const directory = await read(file, directoryAt, directoryAt + directorySize);
  const central = viewOf(directory);
  const entries = [];
  let [at, from] = [0, 0];
  for (let place = 0; place < count; place += 1) {
    must(at + CENTRAL_BYTES <= directory.length && central.getUint32(at, true) === CENTRAL);
    const next =
      at +
      CENTRAL_BYTES +
      central.getUint16(at + 28, true) +
      central.getUint16(at + 30, true) +
      central.getUint16(at + 32, true);
    must(next <= directory.length);
    const found = await readEntry(file, directory.slice(at, next), from, directoryAt);
    entries.push(found.entry);
    [at, from] = [next, found.end];
  }
  must(at === directory.length && from === directoryAt);
  return { comment: word(tail.slice(end + END_BYTES)), entries };
};

/**
 * Return the content of a file. Raise an Error when it cannot be unpacked whole, or has more than FILE_MOST.
 *
 * @param {Entry} entry
 * @returns {Promise<Bytes>} never more than the directory says
 */
export const unpack = async (entry) => {
  must(entry.size <= FILE_MOST && entry.packed.size <= FILE_MOST);
  if (entry.method === STORED) return new Uint8Array(await entry.packed.arrayBuffer());
  must(entry.method === DEFLATED);
  const parts = [];
  let size = 0;
  const reader = entry.packed.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
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
