"""The server's side: what this process serves, who is served next, and what is said to who is not."""
