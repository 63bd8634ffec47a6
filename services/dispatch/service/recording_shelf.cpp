#include "services/dispatch/service/recording_shelf.h"

#include <absl/strings/str_cat.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/crypto/crypto.h"

namespace ctc::dispatch {
namespace {

constexpr absl::Duration kKeptFor = absl::Minutes(2);
// Between two pieces a listener's player may pause for so long.
constexpr absl::Duration kListened = absl::Seconds(30);
constexpr size_t kMostFetches = 4;
constexpr int64_t kLargestPiece = 1 << 20;  // well below the longest message between processes
constexpr size_t kVersionLength = 32;

bool IsListenedTo(absl::Duration unused) { return unused < kListened; }

absl::Status TooMany() {
  base::ErrorDetail extra;
  extra.retry_after = absl::Seconds(2);
  return base::MakeError(base::kOverloaded, "too many recordings are being listened to at once",
                         std::move(extra));
}

// Resumes the coroutine behind `handler` on its own executor, which has work until then.
template <class Handler>
auto ResumeOnExecutor(Handler handler) {
  auto executor = asio::get_associated_executor(handler);
  return [work = asio::make_work_guard(executor),
          handler = std::move(handler)](absl::StatusOr<RecordingShelf::Kept> result) mutable {
    const auto target = work.get_executor();
    asio::post(target, [handler = std::move(handler), result = std::move(result)]() mutable {
      handler(std::move(result));
    });
    work.reset();
  };
}

}  // namespace

RecordingShelf::Found RecordingShelf::Find(const std::string& key) {
  const base::MutexLock lock(mutex_);
  Found found;
  if (const auto entry = entries_.find(key); entry != entries_.end()) {
    entry->second.used = clock_.Monotonic();
    found.kept = entry->second.recording;
  } else if (const auto flight = flights_.find(key); flight != flights_.end()) {
    found.flight = flight->second;
  } else if (flights_.size() < kMostFetches && HasRoom()) {
    found.flight = std::make_shared<Flight>();
    found.is_ours = true;
    flights_.emplace(key, found.flight);
  }
  return found;
}

bool RecordingShelf::HasRoom() const {
  const absl::Duration now = clock_.Monotonic();
  size_t listened = 0;
  for (const auto& [key, entry] : entries_) {
    if (IsListenedTo(now - entry.used)) listened += entry.recording->bytes.size();
  }
  return listened < max_bytes_;
}

void RecordingShelf::Keep(const std::string& key, Kept recording) {
  const size_t size = recording->bytes.size();
  const absl::Duration now = clock_.Monotonic();
  while (!entries_.empty() && bytes_ + size > max_bytes_) {
    const auto oldest = std::min_element(
        entries_.begin(), entries_.end(),
        [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
    if (IsListenedTo(now - oldest->second.used)) break;
    bytes_ -= oldest->second.recording->bytes.size();
    entries_.erase(oldest);
  }
  bytes_ += size;
  entries_.emplace(key, Entry{std::move(recording), now});
}

void RecordingShelf::Land(const std::string& key, const Result& result) {
  std::vector<absl::AnyInvocable<void(Result)>> waiters;
  {
    const base::MutexLock lock(mutex_);
    if (result.ok()) Keep(key, *result);
    const auto found = flights_.find(key);
    found->second->result = result;
    waiters.swap(found->second->waiters);
    flights_.erase(found);
  }
  for (auto& waiter : waiters) waiter(result);
}

void RecordingShelf::Prune() {
  const base::MutexLock lock(mutex_);
  const absl::Duration now = clock_.Monotonic();
  for (auto it = entries_.begin(); it != entries_.end();) {
    if (now - it->second.used < kKeptFor) {
      ++it;
      continue;
    }
    bytes_ -= it->second.recording->bytes.size();
    it = entries_.erase(it);
  }
}

size_t RecordingShelf::bytes() const {
  const base::MutexLock lock(mutex_);
  return bytes_;
}

Task<RecordingShelf::Result> RecordingShelf::Await(FlightPtr flight) {
  auto initiate = [this, flight = std::move(flight)](auto handler) {
    auto resume = ResumeOnExecutor(std::move(handler));
    std::optional<Result> result;
    {
      const base::MutexLock lock(mutex_);
      result = flight->result;
      if (!result.has_value()) flight->waiters.emplace_back(std::move(resume));
    }
    if (result.has_value()) resume(*std::move(result));
  };
  return asio::async_initiate<const asio::use_awaitable_t<>&, void(Result)>(std::move(initiate),
                                                                            asio::use_awaitable);
}

Task<absl::StatusOr<RecordingShelf::Kept>> RecordingShelf::Get(std::string key, Fetch fetch) {
  const Found found = Find(key);
  if (found.kept != nullptr) co_return found.kept;
  if (found.flight == nullptr) co_return TooMany();
  if (!found.is_ours) co_return co_await Await(found.flight);
  Result result = absl::InternalError("the fetch broke off");
  try {
    absl::StatusOr<providers::Recording> fetched = co_await fetch();
    if (fetched.ok()) {
      result = std::make_shared<const providers::Recording>(*std::move(fetched));
    } else {
      result = fetched.status();
    }
  } catch (const std::exception& e) {  // no memory: those who wait must not wait for ever
    result = absl::InternalError(e.what());
  }
  Land(key, result);
  co_return result;
}

common::v1::MediaPiece PieceOf(const providers::Recording& recording, std::string_view url,
                               const common::v1::ByteRange& range) {
  common::v1::MediaPiece piece;
  const int64_t total = static_cast<int64_t>(recording.bytes.size());
  piece.set_content_type(recording.content_type);
  piece.set_total_bytes(total);
  // A finished recording does not change: where it is and how long it is tell it apart.
  const std::string identity = absl::StrCat(absl::string_view(url.data(), url.size()), "\n", total);
  piece.set_version(crypto::ToHex(crypto::Sha256(identity)).substr(0, kVersionLength));
  const int64_t begin = std::clamp<int64_t>(range.offset(), 0, total);
  const int64_t wanted = std::clamp<int64_t>(range.max_bytes(), 0, kLargestPiece);
  const int64_t length = std::min(total - begin, wanted);
  piece.set_data(recording.bytes.data() + begin, static_cast<size_t>(length));
  return piece;
}

}  // namespace ctc::dispatch
