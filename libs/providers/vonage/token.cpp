#include "libs/providers/vonage/token.h"

#include <nlohmann/json.hpp>

#include "libs/crypto/crypto.h"

namespace ctc::providers::vonage {
namespace {

constexpr absl::Duration kLife = absl::Minutes(15);
// Leaves time for the request, and for a clock of ours that is slow.
constexpr absl::Duration kSpare = absl::Minutes(2);
constexpr size_t kMaxEntries = 1000;

}  // namespace

absl::StatusOr<base::Secret> MakeToken(const base::Secret& private_key,
                                       const std::string& application_id, absl::Time now,
                                       const std::string& id) {
  nlohmann::ordered_json claims;
  claims["application_id"] = application_id;
  claims["iat"] = absl::ToUnixSeconds(now);
  claims["exp"] = absl::ToUnixSeconds(now + kLife);
  claims["jti"] = id;
  const std::string text = crypto::ToBase64Url(R"({"alg":"RS256","typ":"JWT"})") + "." +
                           crypto::ToBase64Url(claims.dump(
                               -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  CTC_ASSIGN_OR_RETURN(const std::string signature, crypto::SignRs256(private_key, text));
  return base::Secret(text + "." + crypto::ToBase64Url(signature));
}

absl::StatusOr<base::Secret> Tokens::For(const Account& account) {
  const std::string& application = account.config.application_id();
  std::string key = crypto::Sha256(application + "|" + std::string(account.private_key.Reveal()));
  const absl::Time now = clock_.Now();
  {
    const base::MutexLock lock(mutex_);
    const auto found = entries_.find(account.config.id());
    if (found != entries_.end() && found->second.key == key && now >= found->second.made_at &&
        now < found->second.made_at + kLife - kSpare) {
      return found->second.token;
    }
  }
  CTC_ASSIGN_OR_RETURN(base::Secret token,
                       MakeToken(account.private_key, application, now, ids_.Uuid()));
  const base::MutexLock lock(mutex_);
  if (entries_.size() >= kMaxEntries) entries_.clear();
  entries_.insert_or_assign(account.config.id(), Entry{std::move(key), token, now});
  return token;
}

}  // namespace ctc::providers::vonage
