// Twilio's own SDK against our simulator: it understands the answers, and finds the callbacks signed
// as Twilio signs them.
'use strict';
const assert = require('node:assert');
const {after, before, test} = require('node:test');
const twilio = require('twilio');
const {eventually, startReceiver, startSimulator} = require('./simulator.js');

const ACCOUNT = 'AC0123456789abcdef0123456789abcdef';
const TOKEN = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
const EVENTS = ['initiated', 'ringing', 'answered', 'completed'];
let simulator;
let receiver;
let client;

// The SDK, its requests sent to the simulator instead of api.twilio.com.
class Elsewhere extends twilio.RequestClient {
  request(options) {
    const uri = options.uri.replace('https://api.twilio.com', simulator.url);
    return super.request({...options, uri});
  }
}

const formOf = (request) => Object.fromEntries(new URLSearchParams(request.body));
const formsOf = (sid) => receiver.requests.map(formOf).filter((form) => form.CallSid === sid);
const statusesOf = (sid) => formsOf(sid).map((form) => form.CallStatus).join(' ');

before(async () => {
  simulator = await startSimulator();
  receiver = await startReceiver();
  client = twilio(ACCOUNT, TOKEN, {httpClient: new Elsewhere()});
});
after(async () => {
  await receiver.stop();
  await simulator.stop();
});

test('a call is created, followed and fetched', async () => {
  const call = await client.calls.create({
    to: '+15550109920', from: '+15551230001', twiml: '<Response><Hangup/></Response>',
    statusCallback: `${receiver.url}/status?session=s1`, statusCallbackEvent: EVENTS, timeout: 30});
  assert.match(call.sid, /^CA[0-9a-f]{32}$/);
  assert.equal(call.status, 'queued');
  assert.equal(call.direction, 'outbound-api');
  await eventually(() => statusesOf(call.sid).endsWith('completed'), 'the end of the call');
  assert.equal(statusesOf(call.sid), 'initiated ringing in-progress completed');
  const fetched = await client.calls(call.sid).fetch();
  assert.equal(fetched.status, 'completed');
  assert.ok(fetched.endTime instanceof Date);
  assert.ok((await client.calls.list({to: '+15550109920', limit: 5})).some((c) => c.sid === call.sid));
});

test('every callback is signed as the SDK expects', () => {
  assert.ok(receiver.requests.length >= 4);
  for (const request of receiver.requests) {
    const signature = request.headers['x-twilio-signature'];
    assert.ok(twilio.validateRequest(TOKEN, signature, request.url, formOf(request)), request.body);
    assert.ok(!twilio.validateRequest('another', signature, request.url, formOf(request)));
  }
});

test('errors come as the SDK knows them', async () => {
  await assert.rejects(client.calls.create({to: 'nobody', from: '+15551230001', twiml: '<Response/>'}),
                       {status: 400, code: 21211});
  await assert.rejects(client.calls(`CA${'0'.repeat(32)}`).fetch(), {status: 404, code: 20404});
});
