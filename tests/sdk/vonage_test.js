// Vonage's own SDK against our simulator: it understands the answers, and finds the webhooks signed
// as Vonage signs them.
'use strict';
const assert = require('node:assert');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const {after, before, test} = require('node:test');
const {Vonage} = require('@vonage/server-sdk');
const {verifySignature} = require('@vonage/jwt');
const {eventually, startReceiver, startSimulator} = require('./simulator.js');

const APPLICATION = 'aaaaaaaa-bbbb-cccc-dddd-0123456789ab';
const SECRET = 'vonage-signature-secret-32bytes!';
const {privateKey, publicKey} = crypto.generateKeyPairSync('rsa', {
  modulusLength: 2048, publicKeyEncoding: {type: 'spki', format: 'pem'},
  privateKeyEncoding: {type: 'pkcs8', format: 'pem'}});
let folder;
let simulator;
let receiver;
let vonage;

const clientOf = (key, application = APPLICATION) => new Vonage(
    {applicationId: application, privateKey: key}, {apiHost: simulator.url});
const sha256 = (text) => crypto.createHash('sha256').update(text).digest('hex');
const claimsOf = (request) => JSON.parse(Buffer.from(tokenOf(request).split('.')[1], 'base64url'));
const tokenOf = (request) => request.headers.authorization.replace('Bearer ', '');
const eventsOf = (uuid) => receiver.requests.filter((r) => r.method === 'POST')
    .map((r) => JSON.parse(r.body)).filter((event) => event.uuid === uuid && event.status);
const statusesOf = (uuid) => eventsOf(uuid).map((event) => event.status).join(' ');

async function call(number, ncco, more = {}) {
  return vonage.voice.createOutboundCall({
    to: [{type: 'phone', number}], from: {type: 'phone', number: '15551230001'}, ncco,
    eventUrl: [`${receiver.url}/events?session=s1`], ...more});
}
const room = (name) => [{action: 'conversation', name, startOnEnter: true, endOnExit: true}];

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ctc-vonage-'));
  fs.writeFileSync(path.join(folder, 'key'), publicKey);
  fs.writeFileSync(path.join(folder, 'secret'), SECRET);
  simulator = await startSimulator(
      '--vonage-application', APPLICATION, '--vonage-public-key-file', path.join(folder, 'key'),
      '--vonage-secret-file', path.join(folder, 'secret'));
  receiver = await startReceiver((request) => request.url.includes('/answer')
      ? {type: 'application/json', body: JSON.stringify([{action: 'talk', text: 'Good bye'}])} : null);
  vonage = clientOf(privateKey);
});
after(async () => {
  await receiver.stop();
  await simulator.stop();
  fs.rmSync(folder, {recursive: true});
});

test('a call is created, followed, fetched and listed', async () => {
  const made = await call('15550109920', room('short'));
  assert.match(made.uuid, /^[0-9a-f-]{36}$/);
  assert.equal(made.status, 'started');
  assert.match(made.conversationUUID, /^CON-/);
  await eventually(() => statusesOf(made.uuid).endsWith('completed'), 'the end of the call');
  assert.equal(statusesOf(made.uuid), 'started ringing answered completed');
  const fetched = await vonage.voice.getCall(made.uuid);
  assert.equal(fetched.status, 'completed');
  assert.equal(fetched.to.number, '15550109920');
  const page = await vonage.voice.getCallsPage({order: 'desc', pageSize: 100});
  assert.ok(page._embedded.calls.some((one) => one.uuid === made.uuid));
});

test('a live call takes every order of the SDK', async () => {
  const {uuid} = await call('15550109921', room('live'));
  await eventually(() => statusesOf(uuid).includes('answered'), 'an answer');
  for (const order of ['muteCall', 'unmuteCall', 'earmuffCall', 'unearmuffCall']) {
    await vonage.voice[order](uuid);
  }
  assert.match((await vonage.voice.playDTMF(uuid, '12p3#')).message, /DTMF sent/);
  assert.match((await vonage.voice.playTTS(uuid, {text: 'Hello'})).message, /Talk started/);
  assert.match((await vonage.voice.stopTTS(uuid)).message, /Talk stopped/);
  assert.match((await vonage.voice.streamAudio(uuid, 'https://cdn.example.com/a.mp3')).message,
               /Stream started/);
  assert.match((await vonage.voice.stopStreamAudio(uuid)).message, /Stream stopped/);
  await vonage.voice.transferCallWithNCCO(uuid, room('elsewhere'));
  await vonage.voice.hangupCall(uuid);
  await eventually(() => statusesOf(uuid).endsWith('completed'), 'the end of the call');
  await assert.rejects(vonage.voice.muteCall(uuid));
});

test('a call whose answer URL is asked runs what it gets', async () => {
  const {uuid} = await call('15550109921', undefined, {answerUrl: [`${receiver.url}/answer`]});
  await eventually(() => statusesOf(uuid).endsWith('completed'), 'the end of the call');
  const asked = receiver.requests.find((request) => request.url.includes('/answer'));
  assert.equal(new URL(asked.url).searchParams.get('uuid'), uuid);
});

test('every webhook is signed as the SDK expects, over what was sent', () => {
  assert.ok(receiver.requests.length >= 12);
  for (const request of receiver.requests) {
    assert.ok(verifySignature(tokenOf(request), SECRET), request.url);
    assert.ok(!verifySignature(tokenOf(request), 'another'));
    const parameters = Object.fromEntries(new URL(request.url).searchParams);
    const hashed = request.method === 'GET' ? JSON.stringify(parameters) : request.body;
    assert.equal(claimsOf(request).payload_hash, sha256(hashed));
  }
});

test('another key, another application and a wrong number are refused', async () => {
  const {privateKey: foreign} = crypto.generateKeyPairSync('rsa', {
    modulusLength: 2048, publicKeyEncoding: {type: 'spki', format: 'pem'},
    privateKeyEncoding: {type: 'pkcs8', format: 'pem'}});
  const is = (status) => (error) => error.response && error.response.status === status;
  await assert.rejects(clientOf(foreign).voice.getCall('x'), is(401));
  await assert.rejects(clientOf(privateKey, 'bbbbbbbb-bbbb-cccc-dddd-0123456789ab').voice.getCall('x'),
                       is(401));
  await assert.rejects(vonage.voice.getCall('no-such-call'), is(404));
  await assert.rejects(call('nobody', room('none')), is(400));
});
