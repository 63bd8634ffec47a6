#include "services/dispatch/service/native_facts.h"

#include <boost/asio/post.hpp>

namespace ctc::dispatch {

void NativeFacts::Add(AccountPtr account, std::vector<session::v1::SessionFact> facts) {
  asio::post(background_.strand(),
             [this, account = std::move(account), facts = std::move(facts)]() mutable {
               Forward(account, std::move(facts));
             });
}

void NativeFacts::Forward(const AccountPtr& account, std::vector<session::v1::SessionFact> facts) {
  std::shared_ptr<FactForwarder>& forwarder = forwarders_[account->config.id()];
  if (forwarder == nullptr) {
    forwarder = std::make_shared<FactForwarder>(webhook_, background_, clock_, account);
    background_.Spawn("native facts", [kept = forwarder] { return kept->Run(); });
  }
  providers::asterisk::FactNote note;
  note.event_type =
      facts.empty() ? "" : session::v1::CallFact::Kind_Name(facts.front().fact().kind());
  note.facts = std::move(facts);
  forwarder->Add(std::move(note));
}

}  // namespace ctc::dispatch
