// Ticks for the console. Browsers slow the timers of a page left in the background to one a minute,
// which would end the agent's lease; those of a worker keep their pace. The page says how long a tick is, in milliseconds.
self.onmessage = ({ data }) => setInterval(() => postMessage(0), data);
