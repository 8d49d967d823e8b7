// A backend that answers every request with the session headers it saw, for load. Tells its port as
// {"port": N} on standard output.
import { createServer } from 'node:http';

const server = createServer({ keepAliveTimeout: 60_000 }, (req, res) => {
  const body = JSON.stringify({
    user: req.headers['x-session-user'] ?? null,
    state: req.headers['x-session-state'] ?? null,
    id: req.headers['x-session-id'] ?? null,
  });
  res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  res.end(body);
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
process.on('SIGTERM', () => process.exit(0));
