"""Times of a call's events as a provider writes them."""
from datetime import datetime, timedelta, timezone


def moments(*seconds):
    """Times so far from one and the same now: two readings of a clock may lie in two seconds."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    return [(now + timedelta(seconds=s)).strftime("%Y-%m-%dT%H:%M:%SZ") for s in seconds]


def moment(seconds):
    return moments(seconds)[0]
