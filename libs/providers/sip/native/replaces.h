// Which of our dialogs a Replaces header means (RFC 3891). Pure.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ctc::providers::sip::native {

// As we see it.
struct Dialog {
  std::string call_id;
  std::string local_tag;
  std::string remote_tag;
  friend bool operator==(const Dialog&, const Dialog&) = default;
};

struct Replaces {
  Dialog dialog;
  bool early_only = false;  // nobody is to be replaced who talks already
};

// `params` as "to-tag=x". INVALID_ARGUMENT for what names no dialog, or more than one.
absl::StatusOr<Replaces> ReadReplaces(std::string_view call_id,
                                      const std::vector<std::string_view>& params);

// The dialogs of one user agent. A call that we make may have several until it is answered, one
// with each phone that rings; what began with somebody else's INVITE is in here once it is
// answered.
class DialogBook {
 public:
  // Whoever has a dialog: it is compared alone.
  using Owner = const void*;

  // Of an answer that is not the last; one without a tag makes no dialog.
  void Note(Owner owner, Dialog dialog);
  // The only one that its owner has from now on.
  void Settle(Owner owner, Dialog dialog);
  // Those that it had are over; that is known for a while.
  void End(Owner owner, absl::Time now);

  struct Match {
    enum class Kind { kNone, kEnded, kFound };
    Kind kind = Kind::kNone;
    Owner owner = nullptr;  // of kFound
  };
  // None as well when several fit.
  Match Find(const Dialog& dialog) const;

 private:
  struct Past {
    absl::Time since;
    Dialog dialog;
  };
  std::map<Owner, std::vector<Dialog>> live_;
  std::deque<Past> past_;
};

}  // namespace ctc::providers::sip::native
