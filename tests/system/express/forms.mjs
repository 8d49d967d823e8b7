// An application that reads forms as Express does it by itself: JSON and urlencoded, unpacked, in the charset that
// their type names. Who one is stands in X-Remote-User. Tells its port on standard output.
import express from 'express';

const people = { ada: 'lovelace', bob: 'builder' };
const app = express();
app.use(express.json(), express.urlencoded({ extended: true }));

app.post('/login', (req, res) => {
  const { username, password } = req.body;
  const known = Object.hasOwn(people, username) && people[username] === password;
  res.status(known ? 302 : 401).location('/').end();
});
app.get(['/', '/account'], (req, res) => {
  res.json({ who: decodeURIComponent(req.get('X-Remote-User') ?? 'nobody') });
});

const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.on('SIGTERM', () => process.exit(0));
