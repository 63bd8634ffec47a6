"""Arrows between rooms and the homes of third-party headers, by #include lines.

CMake's targets refuse most wrong arrows at link time; headers alone do not link, and a linker's
message says neither which rule nor why.
"""
import re

from source import CPP, Complaint

INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.M)

# Third-party header -> where it may be included, and what others use instead.
HOMES = (
    (r"(cppconn/|mysql_)", ("libs/db/", "libs/testing/"), "SQL goes through libs/db"),
    (r"curl/", ("libs/http/",), "HTTP requests go through libs/http/client.h"),
    (r"prometheus/", ("libs/observability/",), "figures go through libs/observability/metrics.h"),
    (r"spdlog/", ("libs/observability/",), "logs go through libs/observability/log.h"),
    (r"phonenumbers/", ("libs/telephony/",), "numbers go through libs/telephony/phone_number.h"),
    (r"openssl/", ("libs/crypto/",), "hashes, seals and tokens go through libs/crypto/crypto.h"),
    (r"spandsp/", ("libs/media/",), "keys in sound go through libs/media/digit_detector.h"),
    (r"boost/beast", ("libs/http/",), "HTTP goes through libs/http"),
    (r"grpcpp/", ("libs/rpc/", "libs/host/"), "rpcs go through libs/rpc"),
    (
        r"nlohmann/",
        # Where free JSON is the data: providers' bodies, the transcoder's values, JWTs and OpenAPI at
        # the edge, JSON columns, what tools print.
        ("libs/providers/", "libs/transcoding/", "libs/crypto/", "services/gateway/service/",
         "services/recording/store/", "services/routing/store/", "tools/", "tests/"),
        "JSON of our own is protobuf's, through libs/transcoding",
    ),
)
DOMAIN_MAY = re.compile(
    r"[a-z_0-9]+(\.h)?$"  # std
    r"|(absl|libs/base|libs/telephony)/"
    r"|google/protobuf/(struct|timestamp)\.pb\.h$"
)


def _service_of(path):
    match = re.match(r"services/([a-z_]+)/", path)
    return match.group(1) if match else None


def _third_party(source, header):
    for pattern, homes, instead in HOMES:
        if re.match(pattern, header) and not source.path.startswith(homes):
            if source.is_test and pattern in ("nlohmann/", "grpcpp/"):
                return None  # a test may look at the wire from outside
            return f"<{header}> belongs to {', '.join(homes)}: {instead}"
    return None


def _between_services(source, header):
    own, other = _service_of(source.path), _service_of(header)
    if other is None:
        return None
    if source.path.startswith("libs/"):
        return f"a library does not know a service: {header}"
    if own is not None and own not in (other, "suite"):
        return f"{own} knows {other} by its proto only, not by {header}"
    return None


# Folders of libs/providers that are no provider's: what several of them share.
SHARED = ("http_switch", "twiml")


def _between_providers(source, header):
    own = re.match(r"libs/providers/([a-z_]+)/", source.path)
    other = re.match(r"libs/providers/([a-z_]+)/", header)
    if own and other and own.group(1) != other.group(1) and other.group(1) not in SHARED:
        return f"a provider is one folder: {own.group(1)} does not use {header}"
    return None


def _domain(source, header):
    match = re.match(r"services/([a-z_]+)/domain/", source.path)
    if match is None:
        return None
    own = match.group(1)
    if DOMAIN_MAY.match(header) or header.startswith(f"services/{own}/domain/"):
        return None
    if re.match(rf"ctc/({own}|common)/v1/\w+\.pb\.h$", header):
        return None  # value types of its own package
    if header == "ctc/session/v1/call_event.pb.h":
        return None  # the feed's event, which everybody who follows calls is about
    if header == "ctc/routing/v1/call_flow.pb.h":
        return None  # a caller's next step, which routing decides and session keeps
    if source.is_test and header.startswith(("catch2/", "libs/testing/", "google/protobuf/")):
        return None
    return (
        f"domain is pure: {header} is neither std, absl, libs/base, libs/telephony, its own nor a value of its "
        "own proto package"
    )


def _store(source, header):
    match = re.match(r"services/([a-z_]+)/store/", source.path)
    if match and header.startswith(f"services/{match.group(1)}/service/"):
        return f"store is below service: it does not know {header}"
    return None


RULES = (
    ("third-party", _third_party),
    ("service-arrow", _between_services),
    ("provider-arrow", _between_providers),
    ("domain-arrow", _domain),
    ("store-arrow", _store),
)


def check(source):
    if not source.path.endswith(CPP):
        return
    for match in INCLUDE.finditer(source.code):
        for rule, find in RULES:
            why = find(source, match.group(1))
            if why:
                yield Complaint(source.path, source.line_of(match.start(1)), rule, why)
