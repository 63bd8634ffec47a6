// The little of SDP (RFC 4566) that a controller without media of its own touches: the o= line, the
// direction of the streams, an offer without streams. Everything else passes untouched. Pure.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace ctc::providers::sip::native {

// What we say of a session in one dialog: the same for the dialog's life, the version raised with
// every description we send in it (RFC 3264 section 8).
struct Origin {
  uint64_t session = 1;
  uint64_t version = 0;
  std::string address = "127.0.0.1";
};

// INVALID_ARGUMENT when it is no session description: v=0 first, an o= line, lines "x=...", at most
// 16 kB.
absl::Status CheckSdp(std::string_view sdp);

// An offer with no media line: the other side picks up before anything is agreed (RFC 3725 flow
// IV).
std::string OfferWithoutMedia(const Origin& origin);

// `sdp` with our o= line. INVALID_ARGUMENT as CheckSdp.
absl::StatusOr<std::string> WithOrigin(std::string_view sdp, const Origin& origin);

// All streams of `sdp` in one direction: "sendrecv", "sendonly", "recvonly", "inactive".
// INVALID_ARGUMENT as CheckSdp.
absl::StatusOr<std::string> WithDirection(std::string_view sdp, std::string_view direction);

// True when at least one stream is not refused (port 0).
bool HasMedia(std::string_view sdp);

}  // namespace ctc::providers::sip::native
