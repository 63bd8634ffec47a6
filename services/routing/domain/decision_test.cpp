#include "services/routing/domain/decision.h"

#include <catch2/catch.hpp>

namespace ctc::routing {
namespace {

Account Make(const std::string& id, int priority, bool available = true) {
  Account account;
  account.id = id;
  account.priority = priority;
  account.retry_count = 3;
  account.available = available;
  if (!available) account.unavailable_reason = "circuit open";
  return account;
}

Rule Failover(const std::string& id, int priority, std::string first, std::string second) {
  Rule rule;
  rule.id = id;
  rule.name = "rule " + id;
  rule.kind = Rule::Kind::kFailover;
  rule.priority = priority;
  rule.provider_id = std::move(first);
  rule.fallback_provider_id = std::move(second);
  return rule;
}

Rule ForCampaign(Rule rule, const std::string& campaign) {
  google::protobuf::Struct json;
  (*json.mutable_fields())["campaign_id"].set_string_value(campaign);
  rule.conditions = *Conditions::Parse(json);
  return rule;
}

std::string Ids(const std::vector<Choice>& choices) {
  std::string ids;
  for (const Choice& choice : choices) ids += choice.account.id + " ";
  return ids;
}

const Question kAny;

}  // namespace

TEST_CASE("without rules the accounts are tried by priority, then id") {
  const Decision decision = Decide(kAny, {}, {{Make("c", 1), Make("b", 2), Make("a", 1)}, {}});
  CHECK(Ids(decision.candidates) == "a c b ");
  CHECK(decision.candidates[0].reason == "by its priority (1)");
}

TEST_CASE("an account that cannot take calls is skipped with the reason") {
  const Decision decision = Decide(kAny, {}, {{Make("a", 1, false), Make("b", 2)}, {}});
  CHECK(Ids(decision.candidates) == "b ");
  CHECK(Ids(decision.skipped) == "a ");
  CHECK(decision.skipped[0].reason == "circuit open");
}

TEST_CASE("the first one's retry_count bounds how many are tried") {
  Account first = Make("a", 1);
  first.retry_count = 2;
  const Decision decision = Decide(kAny, {}, {{first, Make("b", 2), Make("c", 3)}, {}});
  CHECK(Ids(decision.candidates) == "a b ");
  CHECK(Ids(decision.skipped) == "c ");
  first.retry_count = 0;
  CHECK(Ids(Decide(kAny, {}, {{first, Make("b", 2)}, {}}).candidates) == "a ");
}

TEST_CASE("the account asked for is tried alone") {
  Question question;
  question.provider_id = "b";
  const Decision decision =
      Decide(question, {Failover("r", 1, "a", "")}, {{Make("a", 1), Make("b", 2)}, {}});
  CHECK(Ids(decision.candidates) == "b ");
  CHECK(decision.candidates[0].reason == "asked for by the caller");
  CHECK_FALSE(decision.provider_unknown);
}

TEST_CASE("an inactive account asked for is skipped, an absent one is unknown") {
  Question question;
  question.provider_id = "z";
  const Decision inactive = Decide(question, {}, {{Make("a", 1)}, {"z"}});
  CHECK(inactive.candidates.empty());
  CHECK(inactive.skipped[0].reason == "it is not active");
  CHECK_FALSE(inactive.provider_unknown);
  CHECK(Decide(question, {}, {{Make("a", 1)}, {}}).provider_unknown);
}

TEST_CASE("a failover rule names its accounts in order") {
  const Decision decision =
      Decide(kAny, {Failover("r", 1, "b", "c")}, {{Make("a", 1), Make("b", 2), Make("c", 3)}, {}});
  CHECK(Ids(decision.candidates) == "b c ");
  CHECK(decision.candidates[0].reason == "rule \"rule r\": its provider");
  CHECK(decision.tried[0].decided);
}

TEST_CASE("a failover rule goes to its fallback at once while the circuit is open") {
  const Decision decision = Decide(kAny, {Failover("r", 1, "b", "c")},
                                   {{Make("a", 1), Make("b", 2, false), Make("c", 3)}, {}});
  CHECK(Ids(decision.candidates) == "c ");
  CHECK(Ids(decision.skipped) == "b ");
}

TEST_CASE("rules are tried by priority, then id, and the first that can decides") {
  const Accounts accounts{{Make("a", 1), Make("b", 2), Make("c", 3)}, {}};
  CHECK(Ids(Decide(kAny, {Failover("r2", 5, "b", ""), Failover("r1", 5, "c", "")}, accounts)
                .candidates) == "c ");
  const Decision later =
      Decide(kAny, {ForCampaign(Failover("r1", 1, "c", ""), "other"), Failover("r2", 2, "b", "")},
             accounts);
  CHECK(Ids(later.candidates) == "b ");
  CHECK_FALSE(later.tried[0].decided);
  CHECK(later.tried[0].explanation == "it does not apply: it is for another campaign_id");
}

TEST_CASE("a rule whose accounts cannot call leaves it to the next, then to priority") {
  const Decision decision =
      Decide(kAny, {Failover("r1", 1, "gone", "off")}, {{Make("a", 1)}, {"off"}});
  CHECK(Ids(decision.candidates) == "a ");
  CHECK(Ids(decision.skipped) == "gone off ");
  CHECK(decision.skipped[0].reason == "there is no such account");
  CHECK(decision.tried[0].explanation == "it applies, but none of its accounts can call");
}

TEST_CASE("a priority rule puts its account first, once") {
  Rule rule = Failover("r", 1, "b", "");
  rule.kind = Rule::Kind::kPriority;
  const Decision decision = Decide(kAny, {rule}, {{Make("a", 1), Make("b", 2)}, {}});
  CHECK(Ids(decision.candidates) == "b a ");
}

TEST_CASE("no account at all gives no candidate") {
  CHECK(Decide(kAny, {}, {}).candidates.empty());
}

}  // namespace ctc::routing
