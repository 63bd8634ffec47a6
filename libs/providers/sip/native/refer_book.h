// Which of the REFERs that were sent in one dialog a phone speaks of (RFC 3515). Pure.
#pragma once

#include <set>
#include <string>

namespace ctc::providers::sip::native {

// One is answered after another; what is told of an earlier one is of nothing once there is a newer
// one.
class ReferBook {
 public:
  // One is to be sent; its number.
  int Ask();
  // The newest one is to be sent once more.
  void AskAgain() { ++unanswered_; }
  // The first that has no answer is on its way, and told of under this id.
  void Sent(const std::string& id);
  // It has its final answer. True when it is the newest one.
  bool Answered(bool taken);
  // A NOTIFY; `id` is empty when it names none, `over` when it is the last one. True when it is of
  // the newest one.
  bool IsToldOfNewest(const std::string& id, bool over);
  // Nobody waits for that one any more. False when that is so already.
  bool GiveUp(int number);

  bool all_answered() const { return unanswered_ == 0; }

 private:
  int asked_ = 0;
  int unanswered_ = 0;
  bool awaited_ = false;        // the newest one
  std::string sent_;            // id of the one that waits for its answer
  std::string newest_;          // id, once it is sent
  std::set<std::string> told_;  // ids of those that may be told of yet
};

}  // namespace ctc::providers::sip::native
