#include "libs/providers/sip/native/replaces.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>

#include <algorithm>
#include <utility>

namespace ctc::providers::sip::native {
namespace {

constexpr size_t kLongest = 512;
// 64 times T1 (RFC 3261): for so long a request may still be on its way.
constexpr absl::Duration kRemembered = absl::Seconds(32);
constexpr size_t kMostPast = 1000;

// One word, as Call-IDs and tags are.
bool IsWord(std::string_view text) {
  return !text.empty() && text.size() <= kLongest &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != ',' && c != ';';
         });
}

// A phone of RFC 2543 has no tag, of which a header speaks as 0 (RFC 3891 section 7.1).
bool IsTag(std::string_view named, std::string_view ours) {
  return named == ours || (named == "0" && ours.empty());
}

bool Means(const Dialog& named, const Dialog& ours) {
  return named.call_id == ours.call_id && IsTag(named.local_tag, ours.local_tag) &&
         IsTag(named.remote_tag, ours.remote_tag);
}

// True when `param` gave the tag, which is then in `tag`; a second one is none.
bool TakeTag(std::string_view param, std::string_view name, std::string& tag) {
  if (param.size() <= name.size() || param[name.size()] != '=') return false;
  if (!absl::EqualsIgnoreCase({param.data(), name.size()}, {name.data(), name.size()}))
    return false;
  const std::string_view value = param.substr(name.size() + 1);
  tag = tag.empty() && IsWord(value) ? std::string(value) : " ";
  return true;
}

}  // namespace

absl::StatusOr<Replaces> ReadReplaces(std::string_view call_id,
                                      const std::vector<std::string_view>& params) {
  Replaces out;
  out.dialog.call_id = call_id;
  for (const std::string_view param : params) {
    if (TakeTag(param, "to-tag", out.dialog.local_tag)) continue;
    if (TakeTag(param, "from-tag", out.dialog.remote_tag)) continue;
    if (absl::EqualsIgnoreCase({param.data(), param.size()}, "early-only")) out.early_only = true;
  }
  const bool names =
      IsWord(call_id) && IsWord(out.dialog.local_tag) && IsWord(out.dialog.remote_tag);
  if (!names) return absl::InvalidArgumentError("Replaces names one dialog");
  return out;
}

void DialogBook::Note(Owner owner, Dialog dialog) {
  if (dialog.remote_tag.empty()) return;
  std::vector<Dialog>& known = live_[owner];
  if (std::find(known.begin(), known.end(), dialog) == known.end()) {
    known.push_back(std::move(dialog));
  }
}

void DialogBook::Settle(Owner owner, Dialog dialog) { live_[owner] = {std::move(dialog)}; }

void DialogBook::End(Owner owner, absl::Time now) {
  while (!past_.empty() && past_.front().since < now - kRemembered) past_.pop_front();
  const auto node = live_.extract(owner);
  if (node.empty()) return;
  for (const Dialog& dialog : node.mapped()) past_.push_back({now, dialog});
  while (past_.size() > kMostPast) past_.pop_front();
}

DialogBook::Match DialogBook::Find(const Dialog& dialog) const {
  Match match;
  for (const auto& [owner, dialogs] : live_) {
    for (const Dialog& ours : dialogs) {
      if (!Means(dialog, ours)) continue;
      if (match.kind == Match::Kind::kFound) return {};
      match = {Match::Kind::kFound, owner};
    }
  }
  if (match.kind == Match::Kind::kFound) return match;
  const bool ended = std::any_of(past_.begin(), past_.end(),
                                 [&](const Past& past) { return Means(dialog, past.dialog); });
  match.kind = ended ? Match::Kind::kEnded : Match::Kind::kNone;
  return match;
}

}  // namespace ctc::providers::sip::native
