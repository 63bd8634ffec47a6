"""Recordings over the API: listed, fetched from the provider that keeps them, by ranges; refused, missing, forbidden."""
import io
import os
import subprocess
import wave

import pytest

import test_exotel
import test_mcube
import test_sip_http
from conftest import is_problem
from moments import moment
from stack.process import wait_until
from test_twilio_inbound import TwilioLine

SESSIONS = "/api/v1/click-to-call/sessions"
TALKS = "+12025559920"  # a short talk that ends by itself
LINGERS = "+12025550100"  # a longer one, for recordings that begin after the join
STAYS = "+12025559921"


def twilio(tenant):
    tenant.provider("TWILIO")
    return tenant.place(TALKS, agent_id="ann", agent_phone="+12025550001", record=True)


def exotel(tenant):
    test_exotel.account(tenant)
    return test_exotel.click(tenant, record=True)


def mcube(tenant):
    test_mcube.account(tenant)
    return test_mcube.click(tenant)


def sip_http(tenant):
    test_sip_http.sip(tenant)
    return tenant.place(TALKS, agent_id="ann", agent_phone="1001", record=True)


def vonage(tenant):
    tenant.provider("VONAGE")
    session = tenant.place(STAYS, agent_id="ann", agent_phone="+12025550001")
    tenant.wait_status(session["id"], "CONNECTED", seconds=30)
    assert tenant.api.post(f"{SESSIONS}/{session['id']}/recording/start", {}).status == 200
    assert tenant.api.post(f"{SESSIONS}/{session['id']}/end", {}).status == 200
    return session


def asterisk(tenant):
    tenant.provider("ASTERISK")
    return tenant.place(LINGERS, agent_id="ann", agent_phone="agent-a", record=True)


PROVIDERS = {"twilio": twilio, "exotel": exotel, "mcube": mcube, "sip_http": sip_http, "vonage": vonage,
             "asterisk": asterisk}


def wait_ready(tenant, session_id):
    """The session's only recording, once its provider has told where it is."""
    def ready():
        answer = tenant.api.get(f"{SESSIONS}/{session_id}/recordings")
        assert answer.status == 200, answer
        found = answer.body["recordings"]
        return found if found and found[0]["state"] == "READY" else None
    recordings = wait_until(ready, 30, "the recording to be ready")
    assert len(recordings) == 1, recordings
    return recordings[0]


def check_audio(tenant, recording):
    answer = tenant.api.get(recording["media_path"])
    assert answer.status == 200, answer
    assert answer.headers["content-type"].startswith("audio/"), answer.headers
    assert int(answer.headers["content-length"]) == len(answer.body)
    with wave.open(io.BytesIO(answer.body)) as sound:
        assert sound.getnframes() > 0
    return answer


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_recorded_call_is_listed_and_its_audio_fetched(tenant, provider):
    session = PROVIDERS[provider](tenant)
    tenant.wait_ended(session["id"], seconds=40)
    recording = wait_ready(tenant, session["id"])
    assert recording["session_id"] == session["id"], recording
    assert recording["media_path"] == f"/api/v1/recordings/{recording['id']}/media"
    assert tenant.api.get(f"{SESSIONS}/{session['session_id']}/recordings").body["recordings"] == [recording]
    assert tenant.api.get(f"/api/v1/recordings/{recording['id']}").body == recording
    assert tenant.api.get("/api/v1/recordings?state=READY").body["recordings"] == [recording]
    check_audio(tenant, recording)


def test_the_message_of_a_caller_is_fetched(tenant):
    line = TwilioLine(tenant, action="VOICEMAIL")
    call = line.ring(keys=["1"], talk_ms=3000)
    session = line.ended(call)
    assert session["status"] == "VOICEMAIL", session
    check_audio(tenant, wait_ready(tenant, session["id"]))


@pytest.fixture
def recording(tenant):
    session = twilio(tenant)
    tenant.wait_ended(session["id"], seconds=40)
    return wait_ready(tenant, session["id"])


def test_ranges_give_what_the_whole_has_there(tenant, recording):
    path = recording["media_path"]
    whole = check_audio(tenant, recording)
    size, etag = len(whole.body), whole.headers["etag"]
    assert whole.headers["accept-ranges"] == "bytes" and "no-store" in whole.headers["cache-control"]
    for asked, begin, end in (("0-99", 0, 100), (f"{size - 10}-", size - 10, size), ("-10", size - 10, size),
                              (f"0-{size * 2}", 0, size)):
        part = tenant.api.get(path, headers={"Range": f"bytes={asked}"})
        assert part.status == 206, part
        assert part.headers["content-range"] == f"bytes {begin}-{end - 1}/{size}"
        assert part.body == whole.body[begin:end]
    beyond = tenant.api.get(path, headers={"Range": f"bytes={size}-"})
    is_problem(beyond, 416, "RANGE_NOT_SATISFIABLE")
    assert beyond.headers["content-range"] == f"bytes */{size}"
    assert tenant.api.get(path, headers={"If-None-Match": etag}).status == 304
    head = tenant.api.request("HEAD", path)
    assert head.status == 200 and int(head.headers["content-length"]) == size and not head.body


def test_another_tenant_finds_nothing(tenant, other, recording):
    for path in (f"/api/v1/recordings/{recording['id']}", recording["media_path"],
                 f"{SESSIONS}/{recording['session_id']}/recordings"):
        is_problem(other.api.get(path), 404, "NOT_FOUND")
    assert other.api.get("/api/v1/recordings").body["total"] == 0


def test_a_recording_that_is_not_ready_says_so(tenant):
    tenant.provider("TWILIO")
    session = tenant.place(STAYS, agent_id="ann", agent_phone="+12025550001", record=True)
    path = f"{SESSIONS}/{session['id']}/recordings"
    running = wait_until(lambda: tenant.api.get(path).body["recordings"], 30, "the recording to begin")[0]
    assert "media_path" not in running or not running["media_path"], running
    problem = is_problem(tenant.api.get(f"/api/v1/recordings/{running['id']}/media"), 409, "RECORDING_NOT_READY")
    assert problem["metadata"]["state"] == "RECORDING"
    tenant.api.post(f"{SESSIONS}/{session['id']}/end", {})


def told(tenant, quiet_provider, url):
    """A recording that the provider says to be at `url`."""
    tenant.provider("ASTERISK", url=quiet_provider.url)
    session = tenant.place("+12025550100", agent_phone="agent-a")
    answer = tenant.webhook(session["session_id"], "RECORDING_READY", at=moment(0), recording_url=url)
    assert answer.status == 200, answer
    return wait_ready(tenant, session["id"])["media_path"]


@pytest.mark.parametrize("url", ["http://169.254.169.254/latest/meta-data", "http://127.0.0.1:1/x.wav",
                                 "file:///etc/passwd", "http://user@evil.example/x.wav"])
def test_nothing_is_fetched_from_where_the_provider_is_not(tenant, quiet_provider, url):
    problem = is_problem(tenant.api.get(told(tenant, quiet_provider, url)), 502, "PROVIDER_REFUSED")
    assert url not in str(problem), problem


def test_what_the_provider_has_not_is_missing(stack, tenant, quiet_provider):
    tenant.provider("ASTERISK", priority=9)
    gone = f"{stack.simulator_url}/ari/recordings/stored/gone/file"
    session = tenant.place(LINGERS, agent_phone="agent-a", record=True)
    tenant.wait_ended(session["id"], seconds=40)
    wait_ready(tenant, session["id"])
    answer = tenant.webhook(session["session_id"], "RECORDING_READY", at=moment(0), recording_url=gone)
    assert answer.status == 200, answer
    missing = wait_until(lambda: [r for r in tenant.api.get(f"{SESSIONS}/{session['id']}/recordings").body["recordings"]
                                  if r["recording_url"] == gone], 30, "the other recording")[0]
    is_problem(tenant.api.get(missing["media_path"]), 404, "RECORDING_MISSING")


def test_a_recording_that_failed_says_why(tenant, quiet_provider):
    tenant.provider("ASTERISK", url=quiet_provider.url)
    session = tenant.place("+12025550100", agent_phone="agent-a")
    answer = tenant.webhook(session["session_id"], "RECORDING_FAILED", at=moment(0), reason="the disk is full")
    assert answer.status == 200, answer
    failed = wait_until(lambda: tenant.api.get("/api/v1/recordings?state=FAILED").body["recordings"], 30, "it")[0]
    assert (failed["session_id"], failed["error_message"]) == (session["id"], "the disk is full"), failed
    is_problem(tenant.api.get(f"/api/v1/recordings/{failed['id']}/media"), 404, "RECORDING_MISSING")
    events = tenant.api.get(f"{SESSIONS}/{session['id']}/events").body["events"]
    assert [e["detail"] for e in events if e["type"] == "recording.failed"] == ["the disk is full"], events


def test_credentials_that_the_provider_does_not_take_are_told_without_them(tenant, recording):
    account = tenant.api.get("/api/v1/voip-providers").body["providers"][0]
    changed = tenant.api.patch(f"/api/v1/voip-providers/{account['id']}", {"api_secret": "wrong-secret"})
    assert changed.status == 200, changed
    problem = is_problem(tenant.api.get(recording["media_path"]), 502, "PROVIDER_CREDENTIALS")
    assert "wrong-secret" not in str(problem), problem


@pytest.mark.parametrize("mib", ["255", "0", "-1"])
def test_a_cache_that_a_large_recording_does_not_fit_into_is_refused_at_the_start(stack, mib):
    command = [stack.bin / "ctc", "serve", "--gateway.port", "0", "--dispatch.recording_cache_mib", mib]
    done = subprocess.run(command, env={**os.environ, **stack.env()}, capture_output=True, text=True, timeout=90)
    said = done.stdout + done.stderr
    assert done.returncode != 0 and f"dispatch.recording_cache_mib: is {mib}; a recording may have 256 MiB" in said, said
