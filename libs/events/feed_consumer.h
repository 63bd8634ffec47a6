// Follows the feed of session changes with a durable cursor: reads on from where the effects of the
// last batch were committed, waits for news, tries again with back-off when something fails.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ctc/session/v1/call_event.pb.h"
#include "libs/base/asio.h"
#include "libs/base/status.h"
#include "libs/rpc/channel.h"

namespace ctc::events {

struct ConsumerOptions {
  std::string name;  // label of metrics and logs, and key of the cursor
  int batch_limit = 500;
};

class FeedConsumer {
 public:
  using Batch = google::protobuf::RepeatedPtrField<session::v1::CallEvent>;
  // The seq up to which effects are committed; -1 starts at the newest event.
  using LoadCursor = std::function<Task<absl::StatusOr<int64_t>>()>;
  // Commits the effects of `batch` and the cursor `last_seq` in one transaction. Called again with
  // the same events after an error or a crash before that commit. `batch` is empty once, when a
  // consumer without a cursor begins: then only the position is to be kept.
  using Apply = std::function<Task<absl::Status>(const Batch& batch, int64_t last_seq)>;

  FeedConsumer(rpc::Channel& session, ConsumerOptions options, LoadCursor load, Apply apply);
  // Runs until Stop. Spawn it once.
  Task<void> Run();
  void Stop();

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the running task, which may outlive this object
};

}  // namespace ctc::events
