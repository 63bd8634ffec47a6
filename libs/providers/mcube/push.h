// mCube's pushes in our words: one when a call arrives or is answered, one when it is over, in the
// encodings and field names of both generations. Pure; thread-safe.
#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>
#include <string_view>

#include "libs/providers/adapter.h"

namespace ctc::providers::mcube {

struct Push {
  std::string callid;  // opaque; up to 20 digits, too many for 64 bits
  std::string refid;   // our own reference, of outbound calls
  bool inbound = false;
  std::string agent;     // E.164, "" when not told
  std::string customer;  // E.164, "" when withheld
  std::string did;       // our number, E.164
  std::string word;      // dialstatus, lower case without spaces
  std::optional<absl::Time> start;
  std::optional<absl::Time> end;
  bool has_end = false;       // marks the message as the last one
  int answered_seconds = -1;  // as told; what it counts is the account's setting
  std::string filename;
};

// INVALID_ARGUMENT names what cannot be read.
absl::StatusOr<Push> ReadPush(const common::v1::HttpRequest& request);

// The token in the URL, or X-Signature, then the facts. mCube signs nothing itself.
dispatch::v1::ReadWebhookResponse ReadPushWebhook(const Account& account,
                                                  const common::v1::HttpRequest& request,
                                                  absl::Time now, const ReplayWindow& window);

// Where a push's file name is; "" for none, and for one at a host that is not mCube's.
std::string RecordingUrlOf(const Account& account, std::string_view filename);
bool IsRecordingHost(const Account& account, std::string_view url);

// "00:02:06", "02:06" or "126", up to a week; -1 for anything else.
int SecondsOf(std::string_view text);

}  // namespace ctc::providers::mcube
