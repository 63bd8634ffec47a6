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
const pages = {};  // TwiML by the path that asks for it

// The SDK, its requests sent to the simulator instead of api.twilio.com.
class Elsewhere extends twilio.RequestClient {
  request(options) {
    const uri = options.uri.replace('https://api.twilio.com', simulator.url);
    return super.request({...options, uri});
  }
}

const {VoiceResponse} = twilio.twiml;
const formOf = (request) => Object.fromEntries(new URLSearchParams(request.body));
const formsOf = (sid) => receiver.requests.map(formOf).filter((form) => form.CallSid === sid);
const statusesOf = (sid) => formsOf(sid).map((form) => form.CallStatus).join(' ');

before(async () => {
  simulator = await startSimulator();
  receiver = await startReceiver(({url}) => {
    const twiml = pages[new URL(url).pathname];
    return twiml && {type: 'text/xml', body: twiml.toString()};
  });
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

// Calls our number as a caller with a script.
async function ring(script) {
  const answer = await fetch(`${simulator.url}/_inbound`, {
    method: 'POST', body: JSON.stringify({provider: 'twilio', from: '+15550001111', to: '+15551230001',
                                          account: ACCOUNT, secret: TOKEN, ...script})});
  assert.equal(answer.status, 201);
  return (await answer.json()).call;
}

async function heard(sid) {
  const answer = await fetch(`${simulator.url}/_inbound?call=${sid}`);
  return (await answer.json()).calls[sid].heard;
}

async function heardToTheEnd(sid) {
  await eventually(async () => (await heard(sid)).at(-1) === 'end', 'the end of the call');
  return heard(sid);
}

test("a room's participants are listed, held, muted, coached and removed", async () => {
  const room = 'room of the SDK';
  const participant = (to, label, more) => client.conferences(room).participants.create({
    from: '+15551230001', to, label, endConferenceOnExit: label === 'agent', ...more});
  const agent = await participant('+15551110000', 'agent');
  const customer = await participant('+15550109921', 'customer', {
    statusCallback: `${receiver.url}/leg`, statusCallbackEvent: EVENTS});
  const conference = () => client.conferences(agent.conferenceSid);
  await eventually(async () => (await conference().fetch()).status === 'in-progress', 'both in the room');
  assert.deepEqual(
      (await client.conferences.list({friendlyName: room, status: 'in-progress'})).map((c) => c.sid),
      [agent.conferenceSid]);
  const people = await conference().participants.list();
  assert.deepEqual(people.map((p) => p.label).sort(), ['agent', 'customer']);
  const one = (label) => conference().participants(label);
  await assert.rejects(client.conferences(room).participants('customer').fetch(), {status: 404});
  assert.equal((await one('customer').update({hold: true})).hold, true);
  assert.equal((await one('agent').update({muted: true})).muted, true);
  assert.equal((await one('agent').update({endConferenceOnExit: false})).endConferenceOnExit, false);
  const supervisor = await participant('+15551110009', 'supervisor-1', {
    coaching: true, callSidToCoach: agent.callSid});
  assert.equal(supervisor.coaching, true);
  assert.equal(supervisor.callSidToCoach, agent.callSid);
  await assert.rejects(participant('+15551110008', 'supervisor-2', {coaching: true}), {status: 400});
  await assert.rejects(participant('+15551110009', 'supervisor-1'), {status: 400, code: 16026});
  assert.equal(await one('agent').remove(), true);
  assert.equal((await conference().fetch()).status, 'in-progress');
  await conference().update({status: 'completed'});
  await eventually(() => statusesOf(customer.callSid).endsWith('completed'), "the customer's end");
  await assert.rejects(one('customer').fetch(), {status: 404});
});

test('a recording is started, paused, listed and removed', async () => {
  const call = await client.calls.create({to: '+15550109921', from: '+15551230001',
                                          twiml: '<Response><Pause length="600"/></Response>'});
  await eventually(async () => (await client.calls(call.sid).fetch()).status === 'in-progress', 'an answer');
  const recording = await client.calls(call.sid).recordings.create();
  const current = client.calls(call.sid).recordings('Twilio.CURRENT');
  assert.equal((await current.update({status: 'paused', pauseBehavior: 'skip'})).status, 'paused');
  assert.equal((await current.update({status: 'stopped'})).status, 'completed');
  assert.deepEqual((await client.recordings.list({callSid: call.sid})).map((r) => r.sid), [recording.sid]);
  assert.equal(await client.recordings(recording.sid).remove(), true);
  assert.deepEqual(await client.calls(call.sid).recordings.list(), []);
  assert.equal((await client.calls(call.sid).update({status: 'completed'})).status, 'completed');
  await assert.rejects(client.calls(call.sid).update({twiml: '<Response/>'}), {status: 400, code: 21220});
});

test('a caller goes through a menu that the SDK wrote', async () => {
  const menu = new VoiceResponse();
  menu.gather({action: `${receiver.url}/chosen`, numDigits: 1, actionOnEmptyResult: true})
      .say({language: 'en-GB'}, 'Sales & support');
  pages['/voice'] = menu;
  const message = new VoiceResponse();
  message.record({action: `${receiver.url}/left`, finishOnKey: '#', maxLength: 60});
  pages['/chosen'] = message;
  const goodbye = new VoiceResponse();
  goodbye.say('Thank you');
  goodbye.hangup();
  pages['/left'] = goodbye;
  await client.incomingPhoneNumbers.create({
    phoneNumber: '+15551230001', voiceUrl: `${receiver.url}/voice`, statusCallback: `${receiver.url}/number`});
  const sid = await ring({keys: ['2', '#']});
  const told = await heardToTheEnd(sid);
  const seconds = Number(told[2].replace('message ', ''));
  assert.ok(seconds >= 3, told);  // at ten times the speed; a slow machine's timers are late
  assert.deepEqual(told, ['say Sales & support', 'keys 2', `message ${seconds}`, 'say Thank you', 'end']);
  const at = (path) => receiver.requests.find((r) => new URL(r.url).pathname === path);
  assert.equal(formOf(at('/chosen')).Digits, '2');
  assert.equal(formOf(at('/left')).Digits, '#');
  await eventually(() => at('/number'), "the number's callback");
  assert.equal(formOf(at('/number')).CallStatus, 'completed');
  for (const path of ['/voice', '/chosen', '/left', '/number']) {
    const {headers, url} = at(path);
    assert.ok(twilio.validateRequest(TOKEN, headers['x-twilio-signature'], url, formOf(at(path))), path);
  }
});

test('a caller that waits in a room is joined by whoever is added', async () => {
  const room = new VoiceResponse();
  room.dial({action: `${receiver.url}/over`}).conference(
      {startConferenceOnEnter: false, endConferenceOnExit: true, participantLabel: 'customer'}, 'waiting');
  pages['/waiting'] = room;
  const sid = await ring({answer_url: `${receiver.url}/waiting`, talk_ms: 2000});
  await eventually(async () => (await heard(sid)).includes('music default'), 'music');
  await client.conferences('waiting').participants.create(
      {from: '+15551230001', to: '+15551110000', label: 'agent', earlyMedia: false});
  assert.deepEqual(await heardToTheEnd(sid), ['room waiting', 'music default', 'joined', 'end']);
});

test('errors come as the SDK knows them', async () => {
  await assert.rejects(client.calls.create({to: 'nobody', from: '+15551230001', twiml: '<Response/>'}),
                       {status: 400, code: 21211});
  await assert.rejects(client.calls(`CA${'0'.repeat(32)}`).fetch(), {status: 404, code: 20404});
});
