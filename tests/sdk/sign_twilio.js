// Signs a request as Twilio does: reads {"token", "url", "parameters"} from stdin, writes the header.
'use strict';
const {getExpectedTwilioSignature} = require('twilio/lib/webhooks/webhooks');
const {token, url, parameters} = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
process.stdout.write(getExpectedTwilioSignature(token, url, parameters));
