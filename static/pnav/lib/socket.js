/**
 * One socket: frames as values, and nothing heard of it once it was dropped.
 *
 * @module
 */

/** @typedef {import("./protocol.js").Frame} Frame */

const OPEN = 1; // WebSocket.OPEN

/**
 * @typedef {object} Socket
 * @property {boolean} isOpen
 * @property {(frame: Frame) => void} send
 * @property {() => void} drop close it and hear nothing of it any more
 */

/**
 * @param {string} address
 * @param {object} page
 * @param {() => void} page.opened the handshake passed; that proves nothing yet
 * @param {(frame: Frame) => void} page.heard
 * @param {(code: number, wasIn: boolean) => void} page.closed wasIn: something had been heard; who is not let in hears
 *   nothing
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
