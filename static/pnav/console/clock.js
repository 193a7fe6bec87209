// Sends ticks to the console. Browsers slow the timers of a page in the background down to one a minute, which would
// end the agent's lease. They do not slow the timers of a worker. The page says how long a tick is, in milliseconds.
self.onmessage = ({ data }) => setInterval(() => postMessage(0), data);
