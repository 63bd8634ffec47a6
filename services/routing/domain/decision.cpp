// See decision.h.
#include "services/routing/domain/decision.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <tuple>

namespace ctc::routing {
namespace {

class Deciding {
 public:
  Deciding(const Question& question, std::vector<Rule> rules, Accounts accounts)
      : question_(question), rules_(std::move(rules)), accounts_(std::move(accounts)) {
    std::sort(rules_.begin(), rules_.end(), [](const Rule& a, const Rule& b) {
      return std::tie(a.priority, a.id) < std::tie(b.priority, b.id);
    });
    std::sort(accounts_.active.begin(), accounts_.active.end(),
              [](const Account& a, const Account& b) {
                return std::tie(a.priority, a.id) < std::tie(b.priority, b.id);
              });
  }

  Decision Run() {
    if (!question_.provider_id.empty()) {
      TakeAsked();
    } else if (!TakeByRules()) {
      TakeByPriority("by its priority");
    }
    Cap();
    return std::move(decision_);
  }

 private:
  const Account* Find(const std::string& id) const {
    for (const Account& account : accounts_.active) {
      if (account.id == id) return &account;
    }
    return nullptr;
  }

  bool IsInactive(const std::string& id) const {
    const auto& ids = accounts_.inactive_ids;
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  }

  void Skip(Account account, std::string reason) {
    const bool told =
        std::any_of(decision_.skipped.begin(), decision_.skipped.end(),
                    [&](const Choice& choice) { return choice.account.id == account.id; });
    if (!told) decision_.skipped.push_back({std::move(account), std::move(reason)});
  }

  void SkipAbsent(const std::string& id) {
    Account account;
    account.id = id;
    Skip(std::move(account), IsInactive(id) ? "it is not active" : "there is no such account");
  }

  // True when the account became a candidate.
  bool Take(const Account& account, std::string_view reason) {
    for (const Choice& choice : decision_.candidates) {
      if (choice.account.id == account.id) return true;
    }
    if (!account.available) {
      Skip(account,
           account.unavailable_reason.empty() ? "it is not available" : account.unavailable_reason);
      return false;
    }
    decision_.candidates.push_back({account, std::string(reason)});
    return true;
  }

  bool TakeId(const std::string& id, std::string_view reason) {
    if (id.empty()) return false;
    const Account* account = Find(id);
    if (account == nullptr) {
      SkipAbsent(id);
      return false;
    }
    return Take(*account, reason);
  }

  void TakeAsked() {
    const std::string& id = question_.provider_id;
    decision_.provider_unknown = Find(id) == nullptr && !IsInactive(id);
    TakeId(id, "asked for by the caller");
  }

  void TakeByPriority(std::string_view reason) {
    for (const Account& account : accounts_.active) {
      Take(account, absl::StrCat(std::string(reason), " (", account.priority, ")"));
    }
  }

  void Apply(const Rule& rule) {
    const std::string by = absl::StrCat("rule \"", rule.name, "\": ");
    if (rule.kind == Rule::Kind::kFailover) {
      TakeId(rule.provider_id, by + "its provider");
      TakeId(rule.fallback_provider_id, by + "its fallback provider");
      return;
    }
    TakeId(rule.provider_id, by + "its provider");
    TakeByPriority(by + "by priority");
  }

  bool TakeByRules() {
    bool decided = false;
    for (const Rule& rule : rules_) {
      RuleTried tried{rule.id, rule.name, false, ""};
      if (decided) {
        tried.explanation = "not looked at: an earlier rule decided";
      } else if (std::string why = rule.conditions.WhyNot(question_); !why.empty()) {
        tried.explanation = "it does not apply: " + why;
      } else {
        Apply(rule);
        decided = tried.decided = !decision_.candidates.empty();
        tried.explanation =
            decided ? "it applies" : "it applies, but none of its accounts can call";
      }
      decision_.tried.push_back(std::move(tried));
    }
    return decided;
  }

  void Cap() {
    auto& candidates = decision_.candidates;
    if (candidates.empty()) return;
    const size_t most = static_cast<size_t>(std::max(1, candidates[0].account.retry_count));
    while (candidates.size() > most) {
      Skip(std::move(candidates.back().account),
           absl::StrCat("only ", most, " may be tried, by the first one's retry_count"));
      candidates.pop_back();
    }
  }

  const Question& question_;
  std::vector<Rule> rules_;
  Accounts accounts_;
  Decision decision_;
};

}  // namespace

Decision Decide(const Question& question, std::vector<Rule> rules, Accounts accounts) {
  return Deciding(question, std::move(rules), std::move(accounts)).Run();
}

}  // namespace ctc::routing
