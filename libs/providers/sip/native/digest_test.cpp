#include "libs/providers/sip/native/digest.h"

#include <catch2/catch.hpp>

#include <utility>

namespace ctc::providers::sip::native {
namespace {

const base::Secret kUser("agent1");
const base::Secret kPassword("s3cret");

DigestSubject Invite() {
  return {kUser, kPassword, "INVITE", "sip:+919812345678@sip.example.com", ""};
}

std::string ResponseOf(const std::string& answer) {
  const size_t at = answer.find("response=\"") + 10;
  return answer.substr(at, answer.find('"', at) - at);
}

// The parameters of an answer, as the stack hands them on.
std::vector<std::string> Split(const std::string& answer) {
  std::vector<std::string> out;
  for (size_t at = 7; at < answer.size();) {
    const size_t end = std::min(answer.find(", ", at), answer.size());
    out.push_back(answer.substr(at, end - at));
    at = end + 2;
  }
  return out;
}
std::vector<std::string_view> Views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

TEST_CASE("an answer is computed by the algorithm that was asked for", "[sip][digest]") {
  const auto [algorithm, qop, response] = GENERATE(table<const char*, const char*, const char*>(
      {{"algorithm=MD5", "qop=\"auth\"", "2e77df4e721dbd7996fb449997963a50"},
       {"algorithm=SHA-256", "qop=\"auth,auth-int\"",
        "a204485ffa73a4f0f32c701ead09e06cd678111667bf6703532d478561140f4f"},
       {"algorithm=sha-512-256", "qop=\"auth\"",
        "52ef708c12a7910e46faa761ba9d70b50bde9c34ce2a5c37d050dfa1cb9e3f62"},
       {"opaque=\"x\"", "opaque=\"x\"", "bed72cbfb2cd9653f53c6494c4aa4478"},
       {"algorithm=SHA-256", "opaque=\"x\"",
        "59f2175c6c9c1bec46b4858c425303408a533a23f977bdaebb44f43c551d02fa"}}));
  INFO(algorithm << " " << qop);
  const auto terms =
      ReadChallenge({"realm=\"sip.example.com\"", "nonce=\"abc123\"", algorithm, qop});
  REQUIRE(terms.ok());
  const std::string answer = AnswerChallenge(*terms, Invite(), "0a4f113b", 1);
  CHECK(ResponseOf(answer) == response);
  CHECK(answer.find("s3cret") == std::string::npos);
  const bool protects = std::string(qop).starts_with("qop");
  CHECK((answer.find("nc=00000001") != std::string::npos) == protects);
}

TEST_CASE("a challenge that cannot be answered is told from a broken one", "[sip][digest]") {
  CHECK(ReadChallenge({"realm=\"r\""}).status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(ReadChallenge({"nonce=\"n\""}).status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(ReadChallenge({"realm=\"r\"", "nonce=\"n\"", "algorithm=SHA3"}).status().code() ==
        absl::StatusCode::kUnimplemented);
  CHECK(ReadChallenge({"realm=\"r\"", "nonce=\"n\"", "qop=\"other\""}).status().code() ==
        absl::StatusCode::kUnimplemented);
  const auto quoted = ReadChallenge({"realm=\"a \\\"b\\\"\"", "nonce=n", "stale=TRUE", "junk"});
  REQUIRE(quoted.ok());
  CHECK(quoted->realm == "a \"b\"");
  CHECK(quoted->stale);
  CHECK(AnswerChallenge(*quoted, Invite(), "c", 1).find("realm=\"a \\\"b\\\"\"") !=
        std::string::npos);
}

TEST_CASE("a caller proves itself with the account's password alone", "[sip][digest]") {
  using Verdict = Challenger::Verdict;
  const Challenger challenger("ctc", base::Secret("key"));
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  const auto challenges = challenger.Challenges("call-1", now, false);
  REQUIRE(challenges.size() == 2);
  CHECK(challenges[0].find("algorithm=SHA-256,") != std::string::npos);
  CHECK(challenges[1].find("algorithm=MD5,") != std::string::npos);
  for (const std::string& challenge : challenges) {
    INFO(challenge);
    const auto terms = ReadChallenge(Views(Split(challenge)));
    REQUIRE(terms.ok());
    const auto right = Split(AnswerChallenge(*terms, Invite(), "c", 1));
    CHECK(challenger.Judge(Views(right), Invite(), "call-1", now) == Verdict::kGood);
    CHECK(challenger.Judge(Views(right), Invite(), "call-2", now) == Verdict::kStale);
    CHECK(challenger.Judge(Views(right), Invite(), "call-1", now + absl::Minutes(6)) ==
          Verdict::kStale);
    DigestSubject bye = Invite();
    bye.method = "BYE";
    CHECK(challenger.Judge(Views(right), bye, "call-1", now) == Verdict::kWrong);
    const base::Secret other("other");
    const DigestSubject guess{kUser, other, "INVITE", "sip:x", ""};
    const auto wrong = Split(AnswerChallenge(*terms, guess, "c", 1));
    CHECK(challenger.Judge(Views(wrong), Invite(), "call-1", now) == Verdict::kWrong);
    const base::Secret nobody;
    const DigestSubject open{nobody, nobody, "INVITE", "sip:x", ""};
    const auto anonymous = Split(AnswerChallenge(*terms, open, "c", 1));
    CHECK(challenger.Judge(Views(anonymous), open, "call-1", now) == Verdict::kWrong);
  }
  CHECK(challenger.Judge({}, Invite(), "call-1", now) == Verdict::kWrong);
}

}  // namespace
}  // namespace ctc::providers::sip::native
