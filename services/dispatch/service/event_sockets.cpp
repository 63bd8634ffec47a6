#include "services/dispatch/service/event_sockets.h"

#include <absl/strings/str_cat.h>
#include <google/protobuf/util/message_differencer.h>

#include <set>

namespace ctc::dispatch {
namespace {

// Every write stamps updated_at, so a changed credential shows as well.
bool IsSame(const providers::Account& a, const providers::Account& b) {
  return google::protobuf::util::MessageDifferencer::Equals(a.config, b.config);
}

}  // namespace

Task<absl::Status> EventSockets::Refresh(absl::Time deadline) {
  CTC_CO_ASSIGN_OR_RETURN(
      const Accounts accounts,
      co_await directory_.ActiveOfType(common::v1::ProviderType::ASTERISK, deadline));
  std::set<std::string> wanted;
  for (const AccountPtr& account : accounts) {
    const std::string& id = account->config.id();
    wanted.insert(id);
    const auto found = sockets_.find(id);
    if (found != sockets_.end()) {
      if (IsSame(found->second->account(), *account)) continue;
      found->second->Close();
    }
    EventSocketParts parts = parts_;
    // A socket's successor in this process must not share the lease its predecessor still gives up.
    parts.holder = absl::StrCat(parts_.holder, "/", ++instances_);
    auto socket = std::make_shared<EventSocket>(parts, account);
    sockets_.insert_or_assign(id, socket);
    parts_.background.Spawn("event socket", [socket] { return socket->Run(); });
  }
  for (auto it = sockets_.begin(); it != sockets_.end();) {
    if (wanted.contains(it->first)) {
      ++it;
      continue;
    }
    it->second->Close();
    it = sockets_.erase(it);
  }
  co_return absl::OkStatus();
}

}  // namespace ctc::dispatch
