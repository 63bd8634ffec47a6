#include "tests/replay/replay.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <sstream>
#include <stdexcept>

#include "services/session/domain/fold.h"

namespace ctc::replay {
namespace {

constexpr size_t kAllOrdersUpTo = 6;
constexpr int kRandomOrders = 3000;
constexpr uint32_t kSeed = 20261122;

std::string Text(const std::optional<absl::Time>& time) {
  return time.has_value() ? absl::FormatTime(*time, absl::UTCTimeZone()) : "-";
}

std::string Text(const session::domain::SessionState& s) {
  std::ostringstream out;
  out << session::v1::Session::Status_Name(s.status) << ' '
      << session::v1::EndReason_Name(s.end_reason) << "\nstarted " << Text(s.started_at)
      << " answered " << Text(s.answered_at) << " ended " << Text(s.ended_at) << "\ntalk "
      << s.duration_seconds << " hold " << s.hold_seconds << " ring " << s.ring_seconds
      << " recorded " << s.is_recorded << static_cast<int>(s.recording) << ' ' << s.recording_url
      << " muted " << s.is_muted << " cause " << s.cause << ' ' << s.error_code;
  for (const session::v1::Leg& leg : s.legs) out << '\n' << leg.ShortDebugString();
  return out.str();
}

// Each once, and some of them again at any later place.
std::vector<size_t> WithRepetitions(std::vector<size_t> order, std::mt19937& random) {
  const size_t count = order.size();
  for (size_t i = 0; i < count; ++i) {
    if (random() % 2 == 0) continue;
    const auto first = std::find(order.begin(), order.end(), i);
    const auto behind = static_cast<size_t>(order.end() - first);
    order.insert(first + static_cast<std::ptrdiff_t>(1 + random() % behind), i);
  }
  return order;
}

}  // namespace

std::string Outcome(const Story& story, const std::vector<size_t>& order) {
  session::domain::Facts facts = story.known;
  absl::Time now = story.arrival;
  for (const size_t index : order) {
    const dispatch::v1::ReadWebhookResponse read = story.callbacks.at(index)(now);
    if (read.verdict() != dispatch::v1::ReadWebhookResponse::GENUINE) {
      throw std::logic_error("callback " + std::to_string(index) + ": " + read.reason());
    }
    for (const auto& item : read.facts()) {
      // A repetition is not kept: the session knows its key.
      const bool known = std::any_of(facts.begin(), facts.end(), [&](const auto& fact) {
        return fact.event_key() == item.fact().event_key();
      });
      if (!known) facts.push_back(item.fact());
    }
    now += absl::Seconds(1);
  }
  return Text(session::domain::Fold(story.start, facts));
}

std::string Recorded(const Story& story) {
  std::vector<size_t> order(story.callbacks.size());
  std::iota(order.begin(), order.end(), 0U);
  return Outcome(story, order);
}

bool Has(const std::string& outcome, const std::string& part) {
  return outcome.find(part) != std::string::npos;
}

std::string FirstDifference(const Story& story) {
  std::vector<size_t> order(story.callbacks.size());
  std::iota(order.begin(), order.end(), 0U);
  const std::string recorded = Recorded(story);
  std::mt19937 random(kSeed);
  const bool all = order.size() <= kAllOrdersUpTo;
  for (int i = 0; all || i < kRandomOrders; ++i) {
    if (!all) std::shuffle(order.begin(), order.end(), random);
    for (const std::vector<size_t>& tried : {order, WithRepetitions(order, random)}) {
      const std::string outcome = Outcome(story, tried);
      if (outcome == recorded) continue;
      return absl::StrCat("order ", absl::StrJoin(tried, " "), " gives\n", outcome,
                          "\nthe recorded one\n", recorded);
    }
    if (all && !std::next_permutation(order.begin(), order.end())) break;
  }
  return "";
}

}  // namespace ctc::replay
