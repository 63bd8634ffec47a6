#include "libs/providers/sip/native/gate.h"

#include <utility>

#include "libs/providers/sip/native/sip_message.h"

namespace ctc::providers::sip::native {

Gate::Gate(std::optional<CallerRules> callers, base::Secret user, base::Secret password)
    : callers_(std::move(callers)),
      user_(std::move(user)),
      password_(std::move(password)),
      challenger_("click-to-call", NewNonceKey()) {}

Gate::Verdict Gate::Judge(const sip_t* sip, msg_t* request, absl::Time now) const {
  Verdict verdict;
  verdict.refusal = 403;
  if (!callers_ || sip == nullptr || sip->sip_call_id == nullptr) return verdict;
  verdict.trusted = callers_->Trusts(SourceOf(request));
  bool stale = false;
  if (verdict.trusted) {
    verdict.refusal = 0;
  } else if (verdict.proof = ProofOf(sip, now, stale); !verdict.proof.empty()) {
    verdict.refusal = 0;
  } else if (!user_.empty() && !password_.empty()) {
    verdict.refusal = 401;
    verdict.challenges = Challenges(sip, now, stale);
  }
  return verdict;
}

bool Gate::Spend(const std::string& proof, absl::Time now) {
  std::erase_if(spent_, [&](const auto& entry) { return now - entry.second > 2 * kNonceLife; });
  return proof.empty() || spent_.emplace(proof, now).second;
}

// Good for one dialog: a digest covers neither the tag of From nor Replaces.
std::vector<std::string> Gate::Challenges(const sip_t* sip, absl::Time now, bool stale) const {
  return challenger_.Challenges(OwnNameOf(sip), now, stale);
}

std::string Gate::ProofOf(const sip_t* sip, absl::Time now, bool& stale) const {
  if (password_.empty()) return "";
  const DigestSubject subject{user_, password_, "INVITE", "", PayloadOf(sip)};
  for (const msg_auth_t* shown = sip->sip_authorization; shown; shown = shown->au_next) {
    const auto verdict = challenger_.Judge(ParamsOf(*shown), subject, OwnNameOf(sip), now);
    if (verdict == Challenger::Verdict::kGood) return ResponseIn(ParamsOf(*shown));
    stale = stale || verdict == Challenger::Verdict::kStale;
  }
  return "";
}

}  // namespace ctc::providers::sip::native
