// An application as one finds them: express-session over connect-redis. Configured by environment:
// REDIS_URL, SECRETS (a JSON array, first signs), PREFIX, COOKIE_NAME, SESSION_OPTIONS (JSON that is
// merged into the options of express-session). Tells its port as {"port": N} on standard output.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import express from 'express';
import session from 'express-session';
import RedisStore from 'connect-redis';
import { createClient } from 'redis';

const env = process.env;
const client = createClient({ url: env.REDIS_URL });
client.on('error', (error) => console.error(String(error)));
await client.connect();

const app = express();
app.set('trust proxy', 'loopback');
app.use(session({
  secret: JSON.parse(env.SECRETS),
  name: env.COOKIE_NAME ?? 'connect.sid',
  resave: false,
  saveUninitialized: false,
  store: new RedisStore({ client, prefix: env.PREFIX ?? 'sess:' }),
  cookie: { maxAge: 24 * 60 * 60 * 1000 },
  ...JSON.parse(env.SESSION_OPTIONS ?? '{}'),
}));

app.get('/login', (req, res, next) => {
  req.session.regenerate((error) => {
    if (error) return next(error);
    const { user, tier, theme } = req.query;
    if (theme) res.cookie('theme', theme);
    req.session.user = { id: user, email: `${user}@example.test`, tier };
    req.session.save((failed) => (failed ? next(failed) : res.json({ id: req.sessionID })));
  });
});
app.get('/whoami', (req, res) => {
  res.json({ id: req.sessionID, user: req.session.user ?? null, views: req.session.views ?? 0, headers: req.headers });
});
app.get('/write', (req, res) => {
  req.session.views = (req.session.views ?? 0) + 1;
  setTimeout(() => res.json({ id: req.sessionID, views: req.session.views }), Number(req.query.pause ?? 0));
});
app.all('/become', (req, res) => {  // in place, as applications do that never heard of session fixation
  req.session.user = { ...req.session.user, id: req.query.user };
  setTimeout(() => res.json({ id: req.sessionID }), Number(req.query.pause ?? 0));
});
app.get('/theme', (req, res) => {
  res.cookie('theme', req.query.theme);
  res.json({});
});
app.get('/logout', (req, res, next) => {
  req.session.destroy((error) => (error ? next(error) : res.json({})));
});
app.get('/versions', (req, res) => {
  const require = createRequire(import.meta.url);
  const version = (name) => JSON.parse(readFileSync(require.resolve(`${name}/package.json`))).version;
  res.json(Object.fromEntries(['express', 'express-session', 'redis'].map((name) => [name, version(name)])));
});

const server = app.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
server.keepAliveTimeout = 5000;
process.on('SIGTERM', () => process.exit(0));
