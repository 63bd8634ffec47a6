#include "libs/providers/twilio/digits.h"

#include <absl/strings/str_cat.h>

#include "libs/crypto/crypto.h"
#include "libs/providers/twilio/incoming.h"
#include "libs/providers/twilio/request_text.h"

namespace ctc::providers::twilio {
namespace {

// Of the account's token: whoever answers need not be who asked.
base::Secret KeyOf(const Account& account) {
  return base::Secret(crypto::HmacSha256(SigningToken(account).Reveal(), "digits"));
}

std::string ContextOf(const Account& account, const std::string& call) {
  return absl::StrCat(account.tenant.value(), "\n", account.config.id(), "\n", call);
}

}  // namespace

absl::StatusOr<std::string> DigitsUrl(const Account& account, const std::string& call,
                                      std::string_view digits) {
  CTC_ASSIGN_OR_RETURN(const std::string sealed,
                       crypto::Seal(KeyOf(account), digits, ContextOf(account, call)));
  return CallbackUrl(account, call, "digits&digits=" + crypto::ToBase64Url(sealed));
}

absl::StatusOr<std::string> DigitsTwiml(const Account& account, const std::string& call,
                                        std::string_view sealed) {
  CTC_ASSIGN_OR_RETURN(const std::string bytes, crypto::FromBase64Url(sealed));
  CTC_ASSIGN_OR_RETURN(const std::string digits,
                       crypto::Unseal(KeyOf(account), bytes, ContextOf(account, call)));
  return absl::StrCat("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Play digits=\"",
                      XmlEscape(digits), "\"/></Response>");
}

}  // namespace ctc::providers::twilio
