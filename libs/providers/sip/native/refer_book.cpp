#include "libs/providers/sip/native/refer_book.h"

#include <utility>

namespace ctc::providers::sip::native {

int ReferBook::Ask() {
  ++unanswered_;
  newest_.clear();
  awaited_ = true;
  return ++asked_;
}

void ReferBook::Sent(const std::string& id) {
  told_.erase(sent_);  // sent again, with credentials
  sent_ = id;
  told_.insert(id);
  if (unanswered_ == 1) newest_ = id;
}

bool ReferBook::Answered(bool taken) {
  if (unanswered_ == 0) return false;
  const std::string id = std::exchange(sent_, "");
  if (!taken) told_.erase(id);
  return --unanswered_ == 0 && awaited_;
}

bool ReferBook::IsToldOfNewest(const std::string& id, bool over) {
  // It may be left out of the first; where it is of later ones, no other may be meant.
  const bool newest = id.empty() ? told_.size() == 1 && told_.contains(newest_)
                                 : told_.contains(id) && id == newest_;
  const std::string meant = newest ? newest_ : id;
  if (over) told_.erase(meant);
  return newest && awaited_;
}

bool ReferBook::GiveUp(int number) { return number == asked_ && std::exchange(awaited_, false); }

}  // namespace ctc::providers::sip::native
