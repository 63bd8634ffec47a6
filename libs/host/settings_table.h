// The settings themselves. A new one is one line here; every default is one a small installation
// can live with.
#pragma once

#include "libs/host/settings.h"

namespace ctc::host {

inline constexpr SettingSpec kSettings[] = {
    {"db.url", "mysql://ctc@127.0.0.1:3306/ctc",
     "Database: mysql://user@host:port/name or mysql://user@/name?socket=PATH."},
    {"db.password", "", "Password of the database user.", true},
    {"db.connections", "8", "Connections of the pool, each with a thread of its own."},
    {"io.threads", "0", "Threads that run requests; 0 takes one for two processors, at most 4."},
    {"log.level", "info", "debug, info or warn."},
    {"log.format", "json", "json, or human for a terminal."},
    {"log.file", "", "File for log lines; empty is standard error."},
    {"admin.port", "-1",
     "Port on loopback for /healthz, /readyz and /metrics; 0 takes a free one, -1 none."},
    {"rpc.listen", "",
     "gRPC address of this process, as 127.0.0.1:7100 or unix:PATH; empty serves none."},
    {"rpc.secret", "", "Shared secret that our services show each other.", true},
    {"peer.session", "127.0.0.1:7101",
     "gRPC address of the session service, when it is another process."},
    {"peer.routing", "127.0.0.1:7102", "The same of routing."},
    {"peer.dispatch", "127.0.0.1:7103", "The same of dispatch."},
    {"peer.webhook", "127.0.0.1:7104", "The same of webhook."},
    {"peer.recording", "127.0.0.1:7105", "The same of recording."},
    {"peer.stats", "127.0.0.1:7106", "The same of stats."},
    {"peer.gateway", "127.0.0.1:7107", "The same of the gateway."},
    {"public.url", "http://127.0.0.1:8080",
     "URL under which providers and clients reach the edge, without trailing slash."},
    {"dispatch.master_key", "",
     "Key that seals provider credentials: 32 bytes in base64, or id:base64 pairs separated by "
     "commas, the current one first.",
     true},
    {"dispatch.webhook_max_age_seconds", "86400",
     "Webhooks of providers older than this are logged, not applied."},
    {"dispatch.webhook_max_skew_seconds", "300", "The same for webhooks from the future."},
    {"gateway.address", "127.0.0.1", "Address the edge listens on; 0.0.0.0 for all."},
    {"gateway.port", "8080", "Port of the edge; 0 takes a free one."},
    {"gateway.reuse_port", "false",
     "Share the port with another gateway process, for rolling restarts."},
    {"gateway.jwt_secret", "", "Secret of JWTs signed with HS256; empty refuses them.", true},
    {"gateway.jwks", "", "File or URL of the JWK set for JWTs signed with RS256 or ES256."},
    {"gateway.jwt_issuer", "", "Issuer (iss) that JWTs must have; empty: any."},
    {"gateway.jwt_audience", "", "Audience (aud) that JWTs must have; empty: any."},
    {"gateway.rate_per_second", "5000", "Requests a second of one tenant; more get 429."},
    {"gateway.rate_burst", "10000", "Requests of one tenant at once before the rate holds."},
    {"gateway.max_in_flight", "2048", "Requests under way at once; more get 503 with Retry-After."},
    {"gateway.cors_origins", "", "Origins of browsers that may call, comma-separated; * for any."},
    {"gateway.log_requests", "errors",
     "all, or errors: only requests that failed or took over 500 ms."},
    {"session.cache_sessions", "10000", "Sessions kept in memory."},
    {"session.sweep_seconds", "1", "How often sessions that fell silent are looked for."},
    {"session.refresh_seconds", "0.25", "How soon this process notices what another one wrote."},
    {"session.submit_limit_seconds", "30",
     "Longest wait for a provider's answer before it is asked what became of the call."},
    {"session.submit_grace_seconds", "60", "After that: when a call nobody knows of is given up."},
    {"session.accepted_limit_seconds", "45", "Longest silence between acceptance and ringing."},
    {"session.ring_limit_seconds", "60", "Longest ringing."},
    {"session.ring_grace_seconds", "30", "After that: when the provider is asked."},
    {"session.silence_limit_seconds", "900",
     "Longest silence of a connected call before the provider is asked."},
    {"session.max_duration_seconds", "14400", "Longest conversation; then it is hung up."},
};

}  // namespace ctc::host
