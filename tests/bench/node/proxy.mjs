// Sessions in front of a backend as one does it in Node. Its argument is JSON: port, backend (a URL),
// cookie (its name), secret, redis (a unix socket).
import http from 'node:http';
import connectRedis from 'connect-redis';
import express from 'express';
import session from 'express-session';
import httpProxy from 'http-proxy';
import { createClient } from 'redis';

const options = JSON.parse(process.argv[2]);
const client = createClient({ socket: { path: options.redis } });
client.on('error', (error) => console.error(String(error)));
await client.connect();

const proxy = httpProxy.createProxyServer({
  target: options.backend,
  agent: new http.Agent({ keepAlive: true }),
});
proxy.on('error', (error, req, res) => {
  console.error(String(error));
  res.writeHead(502).end();
});

const app = express();
app.disable('x-powered-by');
app.use(session({
  name: options.cookie,
  secret: options.secret,
  resave: false,
  saveUninitialized: false,
  store: new connectRedis({ client }),
  cookie: { maxAge: 24 * 60 * 60 * 1000 },
}));
app.use((req, res) => {
  const user = req.session.user?.id;
  if (user === undefined) return res.sendStatus(401);
  req.headers['x-session-user'] = user;
  proxy.web(req, res);
});

const server = app.listen(options.port, '127.0.0.1', 4096);
server.keepAliveTimeout = 600_000;
process.on('SIGTERM', () => process.exit(0));
