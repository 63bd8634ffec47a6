#include "libs/providers/sip/native_calls.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <google/protobuf/util/message_differencer.h>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <set>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/observability/log.h"
#include "libs/providers/outcome.h"
#include "libs/providers/sip/native/lost_call.h"
#include "libs/providers/sip/native/recording_files.h"

namespace ctc::providers::sip {
namespace {

using dispatch::v1::CallOrder;
using dispatch::v1::ControlCallResponse;
using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;
using session::v1::Session;

// Before an account that cannot be listened for is tried again; and one whose line is taken still.
constexpr absl::Duration kPause = absl::Seconds(30);
constexpr absl::Duration kShortPause = absl::Seconds(1);

// For phones to answer BYE; their calls have been told as ended by then.
constexpr absl::Duration kLongestLeave = absl::Seconds(3);

std::string RoomOf(const CallOrder& order) {
  return order.room().empty() ? order.id() : order.room();
}

// Files of a session, and by which session they are named.
struct Kept {
  std::string session;
  std::vector<std::string> urls;
};

Kept RecordingsOf(const Session& session, const native::RecordingList& files) {
  Kept kept{session.id(), files.Of(session.id())};
  const bool untold = session.is_recorded() && session.recording_url().empty();
  if (!kept.urls.empty() || !untold) return kept;
  // It has run since before a transfer: the newest of the session that began it, which tells on.
  for (const std::string& before : {session.parent_session_id(), session.conversation_id()}) {
    std::vector<std::string> urls = files.Of(before);
    if (!urls.empty()) return {before, {std::move(urls.back())}};
  }
  return kept;
}

std::string MessageOf(const absl::Status& status) { return std::string(status.message()); }

bool IsSame(const google::protobuf::Timestamp& updated_at, const Account& account) {
  return google::protobuf::util::MessageDifferencer::Equals(updated_at,
                                                            account.config.updated_at());
}

// Resumes the coroutine that waits, on its own executor, with a status from another thread.
template <class Handler>
class Resumption {
 public:
  explicit Resumption(Handler handler)
      : work_(asio::get_associated_executor(handler)), handler_(std::move(handler)) {}
  void Resume(int status) {
    const auto executor = work_.get_executor();
    asio::post(executor, [work = std::move(work_), handler = std::move(handler_),
                          status]() mutable { handler(status); });
  }

 private:
  asio::executor_work_guard<asio::associated_executor_t<Handler>> work_;
  Handler handler_;
};

// Holds the endpoint only while it is asked: an answer comes even if it ends.
Task<int> Probe(std::shared_ptr<native::Endpoint> endpoint) {
  auto begin = [&endpoint](auto handler) {
    using Waiting = Resumption<std::decay_t<decltype(handler)>>;
    auto waiting = std::make_shared<Waiting>(std::move(handler));
    // On the stack: the coroutine may go on elsewhere before this returns.
    const std::shared_ptr<native::Endpoint> asked = std::move(endpoint);
    asked->Probe([waiting](int status) { waiting->Resume(status); });
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(int)>(
      begin, asio::use_awaitable);
}

}  // namespace

absl::StatusOr<NativeCalls::EndpointPtr> NativeCalls::For(const Account& account) {
  const base::MutexLock lock(mutex_);
  if (left_) return absl::UnavailableError("this process is about to end");
  EndpointPtr present;
  const auto [begin, end] = endpoints_.equal_range(account.config.id());
  for (auto it = begin; it != end; ++it) {
    const bool same = native::IsSameLine(it->second->account(), account);
    it->second->SetClosed(!same || !account.config.is_active());
    if (same) present = it->second;
  }
  Prune();
  if (present != nullptr) return present;
  CTC_ASSIGN_OR_RETURN(
      EndpointPtr made,
      native::Endpoint::Create(std::make_shared<const Account>(account), ground_, reaper_));
  made->SetClosed(!account.config.is_active());
  endpoints_.emplace(account.config.id(), made);
  return made;
}

void NativeCalls::Prune() {
  for (auto it = endpoints_.begin(); it != endpoints_.end();) {
    // Nobody else has it who would place a call just now.
    const bool idle = it->second.use_count() == 1 && it->second->live_calls() == 0;
    it = idle && it->second->closed() ? endpoints_.erase(it) : std::next(it);
  }
}

size_t NativeCalls::lines() const {
  const base::MutexLock lock(mutex_);
  return endpoints_.size();
}

absl::Duration NativeCalls::Attend(const std::vector<std::shared_ptr<const Account>>& accounts) {
  {
    const base::MutexLock lock(mutex_);
    if (left_) return absl::InfiniteDuration();
  }
  std::set<std::string> active;
  absl::Duration again = absl::InfiniteDuration();
  for (const std::shared_ptr<const Account>& account : accounts) {
    active.insert(account->config.id());
    if (!native::IsNative(account->config)) continue;
    const auto settings = native::ReadNativeSettings(*account, ground_.guard);
    if (settings.ok() && settings->callers) again = std::min(again, Listen(*account));
  }
  const base::MutexLock lock(mutex_);
  for (const auto& [id, endpoint] : endpoints_) {
    if (!active.contains(id)) endpoint->SetClosed(true);
  }
  std::erase_if(faults_, [&](const auto& fault) { return !active.contains(fault.first); });
  Prune();
  const bool closed = std::any_of(endpoints_.begin(), endpoints_.end(),
                                  [](const auto& line) { return line.second->closed(); });
  return closed ? std::min(again, kPause) : again;
}

absl::Duration NativeCalls::Listen(const Account& account) {
  const std::string& id = account.config.id();
  {
    const base::MutexLock lock(mutex_);
    const auto fault = faults_.find(id);
    const bool known = fault != faults_.end() && IsSame(fault->second.updated_at, account);
    const absl::Duration left =
        known ? fault->second.next_try - ground_.clock.Monotonic() : absl::ZeroDuration();
    if (left > absl::ZeroDuration()) return left;
  }
  const absl::Status status = For(account).status();
  const base::MutexLock lock(mutex_);
  if (!status.ok()) return NoteFault(account, status);
  faults_.erase(id);
  return absl::InfiniteDuration();
}

absl::Duration NativeCalls::NoteFault(const Account& account, const absl::Status& status) {
  const std::string& id = account.config.id();
  const bool busy = absl::IsFailedPrecondition(status);
  const auto fault = faults_.find(id);
  const bool told = fault != faults_.end() && fault->second.code == status.code() &&
                    IsSame(fault->second.updated_at, account);
  // A line that is replaced hangs up first: nobody has to act.
  if (!told && !busy) {
    observability::Warn("an account's callers cannot be listened for",
                        {{"provider", id}, {"error", status}});
  }
  const absl::Duration pause = busy ? kShortPause : kPause;
  faults_.insert_or_assign(
      id, Fault{account.config.updated_at(), status.code(), ground_.clock.Monotonic() + pause});
  return pause;
}

NativeCalls::EndpointPtr NativeCalls::Carrying(const Account& account, const std::string& call) {
  const base::MutexLock lock(mutex_);
  const auto [begin, end] = endpoints_.equal_range(account.config.id());
  for (auto it = begin; it != end; ++it) {
    if (it->second->Has(call)) return it->second;
  }
  return nullptr;
}

PlaceCallResponse NativeCalls::Place(const Account& account, const CallOrder& order) {
  const absl::StatusOr<EndpointPtr> endpoint = For(account);
  if (!endpoint.ok()) return NotSent(base::kProviderUnreachable, MessageOf(endpoint.status()));
  const absl::Status placed = (*endpoint)->Place(order);
  if (absl::IsUnavailable(placed)) return NotSent(base::kProviderUnreachable, MessageOf(placed));
  if (!placed.ok()) {
    return Refused(base::kInvalidDestination,
                   "the agent's or the customer's phone " + MessageOf(placed), FailOver::kForbidden,
                   session::v1::INVALID_NUMBER);
  }
  return Accepted(order.id() + "-agent");
}

absl::StatusOr<ControlCallResponse> NativeCalls::Control(
    const Account& account, const dispatch::v1::ControlCallRequest& request) {
  ControlCallResponse response;
  const EndpointPtr endpoint = Carrying(account, RoomOf(request.order()));
  if (endpoint == nullptr) {
    response.set_call_is_gone(true);
    return response;
  }
  const absl::Status done = endpoint->Control(request);
  if (done.code() == absl::StatusCode::kNotFound) {
    response.set_call_is_gone(true);
  } else if (done.code() == absl::StatusCode::kFailedPrecondition) {
    return base::MakeError(base::kCallNotLive, MessageOf(done));
  } else if (!done.ok()) {
    return done;
  }
  return response;
}

LookUpCallResponse NativeCalls::LookUp(const Account& account,
                                       const dispatch::v1::LookUpCallRequest& request) {
  LookUpCallResponse response;
  const CallOrder& order = request.order();
  if (Carrying(account, RoomOf(order)) != nullptr) {
    response.set_found(LookUpCallResponse::LIVE);
    response.set_provider_call_id(order.id() + "-agent");
    return response;
  }
  response.set_found(LookUpCallResponse::NOT_FOUND);
  // The process that recorded it may have told nobody. What is told is deleted in its time.
  const native::RecordingList files(ground_.recordings, account.config);
  for (const std::string& url : files.Of(order.id()))
    *response.add_facts() = native::ReadyFact(url);
  return response;
}

bool NativeCalls::IsHere(const Account& account, const Session& session) {
  const std::string& room = session.conversation_id();
  if (Carrying(account, room.empty() ? session.id() : room) != nullptr) return true;
  // A caller's session may not be known here yet.
  absl::string_view call = session.provider_call_id();
  return absl::ConsumeSuffix(&call, "-customer") && Carrying(account, std::string(call)) != nullptr;
}

void NativeCalls::EndLost(const std::shared_ptr<const Account>& account,
                          const std::vector<Session>& live) {
  const native::RecordingList files(ground_.recordings, account->config);
  for (const Session& session : live) {
    // What became of a request without an answer is asked for by who sent it.
    if (session.submission() != Session::ACCEPTED || IsHere(*account, session)) continue;
    observability::Warn("a call ended with the process that carried it",
                        {{"provider", account->config.id()}, {"session", session.id()}});
    std::vector<session::v1::SessionFact> facts;
    const auto add = [&](const std::string& whose, session::v1::CallFact fact) {
      *fact.mutable_received_time() = base::ToPreciseProto(ground_.clock.Now());
      session::v1::SessionFact& item = facts.emplace_back();
      item.set_tenant_id(account->tenant.value());
      item.set_session(whose);
      item.set_provider_id(account->config.id());
      *item.mutable_fact() = std::move(fact);
    };
    add(session.id(), native::LostFact(session));
    const Kept kept = RecordingsOf(session, files);
    for (session::v1::CallFact& fact : native::LostRecordings(session, kept.urls)) {
      add(kept.session, std::move(fact));
    }
    ground_.outlets.facts(account, std::move(facts));
  }
}

void NativeCalls::Leave() {
  std::multimap<std::string, EndpointPtr> ending;
  {
    const base::MutexLock lock(mutex_);
    left_ = true;
    ending.swap(endpoints_);
  }
  ending.clear();
  if (!reaper_.AwaitEnd(kLongestLeave)) {
    observability::Info("a phone has not answered the end of its call");
  }
}

Task<absl::StatusOr<std::string>> NativeCalls::Check(const Account& account) {
  absl::StatusOr<EndpointPtr> endpoint = For(account);
  if (base::IsError(endpoint.status(), base::kValidationFailed)) co_return endpoint.status();
  if (!endpoint.ok()) {
    co_return base::MakeError(base::kProviderUnreachable, MessageOf(endpoint.status()));
  }
  const int status = co_await Probe(*std::move(endpoint));
  // Any answer proves it alive, whatever it thinks of OPTIONS.
  // 503 stands for a network error as well as for a proxy that takes no calls now.
  if (status == 408 || status == 503) {
    co_return base::MakeError(base::kProviderUnreachable,
                              "nothing answers OPTIONS at api_url, or it takes no calls now");
  }
  co_return absl::StrCat("the proxy answers OPTIONS with ", status);
}

}  // namespace ctc::providers::sip
