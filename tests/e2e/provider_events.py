"""What each provider type posts when a call has ended, signed or with its token as that provider does."""
import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from urllib.parse import urlencode

INDIA = timezone(timedelta(hours=5, minutes=30))
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Posted:
    path: str
    raw: bytes
    headers: dict


def hmac_of(digest, secret, data):
    return hmac.new(secret.encode(), data, digest)


def iso(at):
    return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def path_of(kind, tenant, **query):
    return f"/api/v1/webhooks/voip/{kind.lower()}?" + urlencode({"tenant": tenant.name, **query})


def asterisk(tenant, session, secret, at):
    raw = json.dumps({"event_type": "CALL_ENDED", "session_id": session["session_id"],
                      "correlation_id": "corr_1", "status": "COMPLETED", "timestamp": iso(at)}).encode()
    return Posted(path_of("ASTERISK", tenant), raw,
                  {**JSON, "X-Signature": hmac_of("sha256", secret, raw).hexdigest()})


def sip(tenant, session, secret, at):
    raw = json.dumps({"event_id": "e1", "seq": 1, "event": "call.ended", "id": "c1", "leg": "customer",
                      "reference": session["id"], "at": iso(at), "cause": "normal"}).encode()
    return Posted(path_of("SIP", tenant), raw,
                  {**JSON, "X-Signature": hmac_of("sha256", secret, raw).hexdigest()})


def twilio(tenant, session, secret, at):
    fields = {"CallSid": "CA" + "7" * 32, "CallStatus": "completed", "CallDuration": "5",
              "Timestamp": format_datetime(at.astimezone(timezone.utc)), "SequenceNumber": "3"}
    path = path_of("TWILIO", tenant, session=session["id"], leg="customer")
    text = tenant.stack.url + path + "".join(name + fields[name] for name in sorted(fields))
    signature = base64.b64encode(hmac_of("sha1", secret, text.encode()).digest()).decode()
    return Posted(path, urlencode(fields).encode(), {**FORM, "X-Twilio-Signature": signature})


def vonage(tenant, session, secret, at):
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
    raw = json.dumps({"uuid": "u1", "status": "completed", "duration": "5", "direction": "outbound",
                      "conversation_uuid": "CON-1", "timestamp": iso(at)}).encode()
    claims = {"iat": int(at.timestamp()), "jti": "j1", "iss": "Vonage", "api_key": "a1b2c3d4",
              "application_id": "aaaaaaaa-bbbb-cccc-dddd-0123456789ab",
              "payload_hash": hashlib.sha256(raw).hexdigest()}
    text = part(b'{"alg":"HS256","typ":"JWT"}') + "." + part(json.dumps(claims).encode())
    token = text + "." + part(hmac_of("sha256", secret, text.encode()).digest())
    return Posted(path_of("VONAGE", tenant, session=session["id"], leg="customer"), raw,
                  {**JSON, "Authorization": "Bearer " + token})


def exotel(tenant, session, secret, at):
    indian = at.astimezone(INDIA).strftime("%Y-%m-%d %H:%M:%S")
    raw = json.dumps({"CallSid": "5f0c9d1be2a44f0a9b1c7d3e8a6f2b10", "EventType": "terminal",
                      "Status": "completed", "DateUpdated": indian, "ConversationDuration": 5,
                      "CustomField": session["id"], "Legs": [{"Status": "completed"}] * 2}).encode()
    return Posted(path_of("EXOTEL", tenant, session=session["id"], token=secret), raw, JSON)


def mcube(tenant, session, secret, at):
    start, end = (moment.astimezone(INDIA).strftime("%Y-%m-%d %H:%M:%S")
                  for moment in (at - timedelta(seconds=9), at))
    raw = json.dumps({"callid": "90000000011767268800", "emp_phone": "9000000001", "callto": "9800000002",
                      "starttime": start, "endtime": end, "answeredtime": "00:00:05",
                      "dialstatus": "ANSWER", "direction": "outbound", "refid": session["id"]}).encode()
    return Posted(path_of("MCUBE", tenant, session=session["id"], token=secret), raw, JSON)


ENDED = {"ASTERISK": asterisk, "SIP": sip, "TWILIO": twilio, "VONAGE": vonage, "EXOTEL": exotel,
         "MCUBE": mcube}


def now(hours=0):
    return datetime.now(timezone.utc).replace(microsecond=0) + timedelta(hours=hours)
