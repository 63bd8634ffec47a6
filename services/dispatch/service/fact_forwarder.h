// Carries the facts of one event socket to the webhook service, in order and without loss as long
// as this process lives: kept and sent again while that service is away. Bounded: the reader of the
// socket waits when it is full. Lives on the background strand.
#pragma once

#include <deque>
#include <memory>

#include "ctc/webhook/v1/webhook_service.pb.h"
#include "libs/host/background.h"
#include "libs/observability/metrics.h"
#include "libs/providers/asterisk/driver.h"
#include "libs/rpc/channel.h"
#include "services/dispatch/service/directory.h"

namespace ctc::dispatch {

class FactForwarder : public std::enable_shared_from_this<FactForwarder> {
 public:
  FactForwarder(rpc::Channel& webhook, host::Background& background, const base::Clock& clock,
                AccountPtr account);

  void Add(providers::asterisk::FactNote note);
  bool full() const { return notes_.size() >= kLimit; }
  // Sends what comes until Close was called and all is sent, or the process stops.
  Task<void> Run();
  void Close();

 private:
  static constexpr size_t kLimit = 20'000;

  Task<void> WaitForNotes();
  Task<absl::Status> SendFirst(size_t count);
  webhook::v1::IngestFactsRequest MakeRequest(size_t count) const;

  rpc::Channel& webhook_;
  host::Background& background_;
  const base::Clock& clock_;
  const AccountPtr account_;
  const observability::Counter dropped_;
  std::deque<providers::asterisk::FactNote> notes_;
  asio::steady_timer wake_;
  bool closed_ = false;
};

}  // namespace ctc::dispatch
