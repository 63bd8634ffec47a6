// The settings themselves. A new one is one line here; every default is one a small installation can
// live with.
#pragma once

#include "libs/host/settings.h"

namespace ctc::host {

inline constexpr SettingSpec kSettings[] = {
    {"db.url", "mysql://ctc@127.0.0.1:3306/ctc", "Database: mysql://user@host:port/name or mysql://user@/name?socket=PATH."},
    {"db.password", "", "Password of the database user.", true},
    {"db.connections", "8", "Connections of the pool, each with a thread of its own."},
    {"io.threads", "0", "Threads that run requests; 0 takes one per processor, at most 4."},
    {"log.level", "info", "debug, info or warn."},
    {"log.format", "json", "json, or human for a terminal."},
    {"log.file", "", "File for log lines; empty is standard error."},
    {"admin.port", "-1", "Port on loopback for /healthz, /readyz and /metrics; 0 takes a free one, -1 none."},
    {"rpc.listen", "", "gRPC address of this process, as 127.0.0.1:7100 or unix:PATH; empty serves none."},
    {"rpc.secret", "", "Shared secret that our services show each other.", true},
    {"peer.session", "127.0.0.1:7101", "gRPC address of the session service, when it is another process."},
    {"peer.routing", "127.0.0.1:7102", "The same of routing."},
    {"peer.dispatch", "127.0.0.1:7103", "The same of dispatch."},
    {"peer.webhook", "127.0.0.1:7104", "The same of webhook."},
    {"peer.recording", "127.0.0.1:7105", "The same of recording."},
    {"peer.stats", "127.0.0.1:7106", "The same of stats."},
    {"peer.gateway", "127.0.0.1:7107", "The same of the gateway."},
    {"public.url", "http://127.0.0.1:8080", "How providers reach this installation from outside, without trailing slash."},
    {"dispatch.master_key", "", "Key that seals provider credentials: 32 bytes in base64, or id:base64 pairs separated by commas, the current one first.", true},
    {"dispatch.webhook_max_age_seconds", "86400", "Webhooks of providers older than this are logged, not applied."},
    {"dispatch.webhook_max_skew_seconds", "300", "The same for webhooks from the future."},
};

}  // namespace ctc::host
