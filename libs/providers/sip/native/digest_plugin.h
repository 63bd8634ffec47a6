// Makes Sofia-SIP answer digest challenges by our digest.h: its own knows MD5 alone. Where a realm
// offers several algorithms, the strongest is answered.
#pragma once

#include <string>

#include "libs/base/secret.h"

namespace ctc::providers::sip::native {

// Once for the process; further calls do nothing. False when the library does not take it.
bool RegisterDigestPlugin();

// What nua_authenticate() takes for a realm. Any character may be in user and password.
std::string CredentialsFor(const std::string& quoted_realm, const base::Secret& user,
                           const base::Secret& password);

}  // namespace ctc::providers::sip::native
