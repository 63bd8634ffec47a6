// A provider's callbacks of a whole call, replayed as a network might bring them: the session that
// comes of it must be the same.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "services/session/domain/state.h"

namespace ctc::replay {

// One callback, read when it arrives; the adapter's part of the way.
using Callback = std::function<dispatch::v1::ReadWebhookResponse(absl::Time now)>;

struct Story {
  session::domain::CallStart start;
  session::domain::Facts known;  // what we noted ourselves, as an offer
  std::vector<Callback> callbacks;
  absl::Time arrival;  // of the first of them; the others follow by the second
};

// The session as text: status, reason, times, figures, recording, legs. Throws when a callback is
// not genuine.
std::string Outcome(const Story& story, const std::vector<size_t>& order);
// The same for the callbacks in the order in which they stand.
std::string Recorded(const Story& story);
// Whether an outcome says `part`.
bool Has(const std::string& outcome, const std::string& part);

// Replays all orders of up to six callbacks, 3,000 random ones beyond, each also with repetitions.
// Empty, or the first order with another outcome than the recorded one, with both outcomes.
std::string FirstDifference(const Story& story);

}  // namespace ctc::replay
