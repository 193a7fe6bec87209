/**
 * One socket, which sends and receives frames as values. Once it is dropped, it calls nothing any more.
 *
 * @module
 */

/** @typedef {import("./protocol.js").Frame} Frame */

const OPEN = 1; // WebSocket.OPEN

/**
 * @typedef {object} Socket
 * @property {boolean} isOpen
 * @property {(frame: Frame) => void} send
 * @property {() => void} drop closes it; none of its functions is called after that
 */

/**
 * @param {string} address
 * @param {object} page
 * @param {() => void} page.opened called when the handshake has passed, which proves nothing yet
 * @param {(frame: Frame) => void} page.heard called with each frame
 * @param {(code: number, wasIn: boolean) => void} page.closed wasIn: whether a frame had arrived; a visit that is not
 *   admitted gets none
 * @returns {Socket}
 */
export const openSocket = (address, { opened, heard, closed }) => {
  const socket = new WebSocket(address);
  let isDropped = false;
  let wasIn = false;
  socket.onopen = () => isDropped || opened();
  socket.onmessage = ({ data }) => {
    if (isDropped) return;
    wasIn = true;
    heard(JSON.parse(data));
  };
  socket.onclose = ({ code }) => isDropped || closed(code, wasIn);
  return {
    get isOpen() {
      return !isDropped && socket.readyState === OPEN;
    },
    send: (frame) => socket.send(JSON.stringify(frame)),
    drop() {
      isDropped = true;
      socket.close();
    },
  };
};
