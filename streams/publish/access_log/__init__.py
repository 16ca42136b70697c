"""Access logs of web servers: each request that a line tells of becomes a `web.visited` event. Pure."""
