// What is read of a stranger's or a phone's headers in native SIP: digest challenges and answers,
// Refer-To, Replaces, addresses. A line is a parameter, or a part of the URI.
#include "libs/providers/sip/native/caller_rules.h"
#include "libs/providers/sip/native/digest.h"
#include "libs/providers/sip/native/refer_to.h"
#include "libs/providers/sip/native/replaces.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {

namespace native = providers::sip::native;

void SipHeaders(std::string_view bytes) {
  std::vector<std::string_view> lines;
  for (std::string_view rest = bytes; lines.size() < 16;) {
    const size_t end = rest.find('\n');
    lines.push_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  const base::Secret user("user");
  const base::Secret password("password");
  const native::DigestSubject subject{user, password, "INVITE", "sip:x", std::string(bytes)};
  const auto terms = native::ReadChallenge(lines);
  if (terms.ok()) {
    const std::string answer = native::AnswerChallenge(*terms, subject, "cnonce", 1);
    // The realm comes back without the backslashes it needed inside quotes.
    std::string told(bytes);
    std::erase(told, '\\');
    Require(
        answer.find("password") == std::string::npos || told.find("password") != std::string::npos,
        "an answer does not show the password");
  }
  const native::Challenger challenger("realm", base::Secret("key"));
  Require(challenger.Judge(lines, subject, "call", absl::FromUnixSeconds(1'800'000'000)) !=
              native::Challenger::Verdict::kGood,
          "nobody proves what he does not know");
  const auto replaces =
      native::ReadReplaces(lines[0], std::vector<std::string_view>(lines.begin() + 1, lines.end()));
  if (replaces.ok()) {
    const native::Dialog& dialog = replaces->dialog;
    Require(!dialog.call_id.empty() && !dialog.local_tag.empty() && !dialog.remote_tag.empty(),
            "a dialog has its three names");
    native::DialogBook book;
    book.Note(&book, dialog);
    Require(book.Find(dialog).owner == &book, "a dialog is found by its own names");
    book.End(&book, absl::UnixEpoch());
    Require(book.Find(dialog).kind == native::DialogBook::Match::Kind::kEnded,
            "a dialog that has ended is known");
  }
  const int told = native::StatusOfFragment(bytes);
  Require(told == 0 || (told >= 100 && told < 700), "a status is one of SIP");
  lines.resize(4);
  const auto target = native::ReadReferTo(lines[0], lines[1], lines[2], lines[3]);
  if (target.ok()) {
    for (const char c : target->user + target->replaces) {
      Require(c > ' ' && c < 127, "what is sent on is printable");
    }
  }
  const auto range = native::ReadAddressRange(lines[0]);
  if (range.ok()) {
    native::CallerRules rules;
    rules.trusted.push_back(*range);
    (void)rules.Trusts(lines[1]);
    Require(range->bits >= 0 && range->bits <= 128, "a range has so many bits");
  }
}

}  // namespace ctc::fuzz
