// ari-client against our ARI simulator: it builds itself from the simulator's description, gives
// orders over REST and hears of them over the event socket.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const {after, before, test} = require('node:test');
const ari = require('ari-client');
const {eventually, startSimulator} = require('./simulator.js');

const APP = 'click-to-call';
let simulator;
let client;
const events = [];  // {type, event, resources} as the client emits them

const ofChannel = (id) => events.filter(({event}) => (event.channel || event.peer || {}).id === id);
const typesOf = (id) => ofChannel(id).map(({event}) => event.type);
const heard = (type, id) => eventually(
    () => ofChannel(id).find(({event}) => event.type === type), `${type} of ${id}`);
const refusal = (order) => order.then(
    () => assert.fail('was not refused'), (error) => JSON.parse(error.message));

// Rings a phone that answers and talks for an hour; its channel once it is in the application.
async function answered(endpoint, channelId) {
  const channel = await client.channels.originate({endpoint, app: APP, appArgs: 'one,two', channelId,
                                                   callerId: '"Click" <15551230001>'});
  await heard('StasisStart', channel.id);
  return channel;
}

before(async () => {
  const password = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'ctc-ari-')), 'password');
  fs.writeFileSync(password, 'secret');
  simulator = await startSimulator('--ari-user', 'ctc', '--ari-password-file', password);
  fs.rmSync(path.dirname(password), {recursive: true});
  client = await ari.connect(simulator.url, 'ctc', 'secret');
  client.on('*', (event, resources) => events.push({type: event.type, event, resources}));
  await client.start(APP);
});
after(async () => {
  client.stop();
  await simulator.stop();
});

test('the client finds the resources it knows', () => {
  for (const resource of ['applications', 'asterisk', 'bridges', 'channels', 'endpoints', 'events',
                          'playbacks', 'recordings']) {
    assert.equal(typeof client[resource], 'object', resource);
  }
  assert.equal(typeof client.channels.snoopChannelWithId, 'function');
});

test('the switch tells of itself and of its applications', async () => {
  assert.match((await client.asterisk.getInfo()).system.version, /^22\./);
  assert.equal((await client.asterisk.ping()).ping, 'pong');
  assert.deepEqual((await client.applications.list()).map((app) => app.name), [APP]);
  assert.equal((await client.applications.get({applicationName: APP})).name, APP);
  assert.deepEqual(await client.endpoints.list(), []);
});

test('a call is originated, followed and read', async () => {
  const channel = await answered('PJSIP/15550109921@trunk', 'sdk-1');
  assert.equal(channel.id, 'sdk-1');
  assert.equal(channel.state, 'Down');
  assert.deepEqual(typesOf('sdk-1').filter((type) => type !== 'ChannelVarset'),
                   ['Dial', 'ChannelStateChange', 'Dial', 'ChannelStateChange', 'Dial', 'StasisStart']);
  const {event, resources} = await heard('StasisStart', 'sdk-1');
  assert.deepEqual(event.args, ['one', 'two']);
  assert.equal(typeof resources.hangup, 'function');  // the event's channel takes orders
  assert.equal((await client.channels.get({channelId: 'sdk-1'})).state, 'Up');
  assert.equal(event.channel.caller.number, '15551230001');
  assert.ok((await client.channels.list()).some((one) => one.id === 'sdk-1'));
  await resources.hangup({reason: 'normal'});
  assert.equal((await heard('ChannelDestroyed', 'sdk-1')).event.cause, 16);
  assert.equal((await refusal(client.channels.get({channelId: 'sdk-1'}))).message,
               'Channel not found');
});

test('a busy phone is told with its cause', async () => {
  const channel = await client.channels.originate({endpoint: 'PJSIP/15550109901@trunk', app: APP});
  assert.equal((await heard('ChannelDestroyed', channel.id)).event.cause, 17);
  assert.ok(ofChannel(channel.id).some(({event}) => event.dialstatus === 'BUSY'));
});

test('two phones are bridged, hear something, and are parted', async () => {
  const one = await answered('PJSIP/15550109921@trunk', 'sdk-2');
  const two = await answered('PJSIP/15550109921@trunk', 'sdk-3');
  const bridge = await client.bridges.create({type: 'mixing', name: 'talk'});
  await bridge.addChannel({channel: one.id});
  await client.bridges.addChannel({bridgeId: bridge.id, channel: two.id});
  const {resources} = await heard('ChannelEnteredBridge', two.id);
  assert.deepEqual(resources.bridge.channels, [one.id, two.id]);
  assert.deepEqual((await client.bridges.get({bridgeId: bridge.id})).channels, [one.id, two.id]);
  const sound = await bridge.play({media: 'sound:hello-world', playbackId: 'sdk-sound'});
  assert.equal(sound.id, 'sdk-sound');
  await eventually(() => events.find(({event}) => event.type === 'PlaybackFinished' &&
                                     event.playback.id === 'sdk-sound'), 'the end of the sound');
  await bridge.removeChannel({channel: one.id});
  await heard('ChannelLeftBridge', one.id);
  await bridge.destroy();
  assert.ok(!(await client.bridges.list()).some((other) => other.id === bridge.id));
  await Promise.all([one.hangup(), two.hangup()]);
  await heard('StasisEnd', two.id);
});

test('a channel plays, records, keeps variables, and is snooped on', async () => {
  const channel = await answered('PJSIP/15550109921@trunk', 'sdk-4');
  const playback = client.Playback();
  let finished = false;
  playback.once('PlaybackFinished', () => { finished = true; });
  await channel.play({media: 'sound:hello-world'}, playback);
  await eventually(() => finished, 'the end of the prompt');
  await channel.setChannelVar({variable: 'CTC_CALL_ID', value: 'c1'});
  assert.equal((await channel.getChannelVar({variable: 'CTC_CALL_ID'})).value, 'c1');
  const recording = await channel.record({name: 'sdk-message', format: 'wav', terminateOn: '#'});
  assert.equal(recording.state, 'queued');
  await client.recordings.stop({recordingName: 'sdk-message'});
  await eventually(() => events.find(({event}) => event.type === 'RecordingFinished'), 'the message');
  const file = await client.recordings.getStoredFile({recordingName: 'sdk-message'});
  assert.equal(file.subarray(0, 4).toString(), 'RIFF');
  const snoop = await channel.snoopChannelWithId({snoopId: 'sdk-snoop', app: APP, spy: 'both'});
  assert.equal(snoop.id, 'sdk-snoop');
  await heard('StasisStart', 'sdk-snoop');
  for (const order of ['hold', 'unhold', 'mute', 'unmute', 'startMoh', 'stopMoh', 'ring',
                       'ringStop', 'answer']) {
    await channel[order]();
  }
  await channel.sendDTMF({dtmf: '12#'});
  await channel.hangup();
  await heard('ChannelDestroyed', 'sdk-4');
});

test('variables go with a call, and its id is taken once', async () => {
  const order = {endpoint: 'PJSIP/15550109921@trunk', app: APP, channelId: 'sdk-5',
                 variables: {CTC_LEG: 'customer'}};
  const channel = await client.channels.originateWithId(order);
  assert.equal(channel.channelvars.CTC_LEG, 'customer');
  assert.match((await refusal(client.channels.originateWithId(order))).message, /already exists/);
  await heard('StasisStart', 'sdk-5');
  await channel.hangup({reason: 'busy'});
  assert.equal((await heard('ChannelDestroyed', 'sdk-5')).event.cause, 17);
});
