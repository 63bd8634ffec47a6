// Whom a phone refers its call to: the parts of Refer-To (RFC 3515) that are followed. Pure.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace ctc::providers::sip::native {

struct ReferTo {
  std::string user;
  std::string host;      // with its port where there is one
  std::string replaces;  // "call-id;to-tag=x;from-tag=y" (RFC 3891), or empty
};

// `user` and `headers` are those of the URI, still escaped. INVALID_ARGUMENT for a target without a
// user, and for a Replaces that names no dialog.
absl::StatusOr<ReferTo> ReadReferTo(std::string_view user, std::string_view host,
                                    std::string_view port, std::string_view headers);

// The status that a phone tells of its call in a message/sipfrag (RFC 3420); 0: none.
int StatusOfFragment(std::string_view fragment);

}  // namespace ctc::providers::sip::native
