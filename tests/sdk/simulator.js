// A running ctc-simulator for a test file, and a server that keeps what it is sent.
'use strict';
const {spawn} = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');

const program = path.join(__dirname, '../../build', process.env.CTC_PRESET || 'release',
                          'bin/ctc-simulator');

// The first truthy value of `ask`, which may be asynchronous; fails after `seconds`.
async function eventually(ask, what, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await ask();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${seconds} s passed without ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// Starts it with ten times the speed and `options`; {url, stop()}.
async function startSimulator(...options) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ctc-sdk-'));
  const portFile = path.join(folder, 'port');
  const child = spawn(program, ['--port', '0', '--port-file', portFile, '--speed', '10', ...options],
                      {stdio: ['ignore', 'ignore', 'inherit']});
  await eventually(() => child.exitCode !== null || fs.existsSync(portFile), 'a simulator');
  if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
  const stop = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
    fs.rmSync(folder, {recursive: true});
  };
  return {url: `http://127.0.0.1:${fs.readFileSync(portFile, 'utf8').trim()}`, stop};
}

// Keeps each request as {method, url, headers, body}; `answer(request)` gives {type, body} where
// an answer matters. {url, requests, stop()}.
async function startReceiver(answer = () => null) {
  const requests = [];
  let base = '';
  const server = http.createServer((incoming, outgoing) => {
    const parts = [];
    incoming.on('data', (part) => parts.push(part));
    incoming.on('end', () => {
      const request = {method: incoming.method, url: base + incoming.url, headers: incoming.headers,
                       body: Buffer.concat(parts).toString('utf8')};
      requests.push(request);
      const said = answer(request);
      outgoing.writeHead(said ? 200 : 204, said ? {'content-type': said.type} : {});
      outgoing.end(said ? said.body : '');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${server.address().port}`;
  const stop = () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  return {url: base, requests, stop};
}

module.exports = {eventually, startReceiver, startSimulator};
