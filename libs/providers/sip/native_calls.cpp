#include "libs/providers/sip/native_calls.h"

#include <absl/strings/str_cat.h>
#include <google/protobuf/util/message_differencer.h>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/providers/outcome.h"

namespace ctc::providers::sip {
namespace {

using dispatch::v1::CallOrder;
using dispatch::v1::ControlCallResponse;
using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;

std::string MessageOf(const absl::Status& status) { return std::string(status.message()); }

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

Task<int> Probe(native::Endpoint& endpoint) {
  auto begin = [&endpoint](auto handler) {
    using Waiting = Resumption<std::decay_t<decltype(handler)>>;
    auto waiting = std::make_shared<Waiting>(std::move(handler));
    endpoint.Probe([waiting](int status) { waiting->Resume(status); });
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(int)>(
      begin, asio::use_awaitable);
}

}  // namespace

absl::StatusOr<NativeCalls::EndpointPtr> NativeCalls::For(const Account& account) {
  const base::MutexLock lock(mutex_);
  const auto [begin, end] = endpoints_.equal_range(account.config.id());
  for (auto it = begin; it != end;) {
    const EndpointPtr& endpoint = it->second;
    // Every write stamps updated_at, so a changed credential shows as well.
    if (google::protobuf::util::MessageDifferencer::Equals(endpoint->account().config,
                                                           account.config)) {
      return endpoint;
    }
    it = endpoint->live_calls() == 0 ? endpoints_.erase(it) : std::next(it);
  }
  CTC_ASSIGN_OR_RETURN(
      EndpointPtr made,
      native::Endpoint::Create(std::make_shared<const Account>(account), clock_, sink_));
  endpoints_.emplace(account.config.id(), made);
  return made;
}

NativeCalls::EndpointPtr NativeCalls::Carrying(const Account& account, const CallOrder& order) {
  const std::string& call = order.room().empty() ? order.id() : order.room();
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
  const EndpointPtr endpoint = Carrying(account, request.order());
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
  const bool here = Carrying(account, request.order()) != nullptr;
  response.set_found(here ? LookUpCallResponse::LIVE : LookUpCallResponse::NOT_FOUND);
  if (here) response.set_provider_call_id(request.order().id() + "-agent");
  return response;
}

Task<absl::StatusOr<std::string>> NativeCalls::Check(const Account& account) {
  CTC_CO_ASSIGN_OR_RETURN(const EndpointPtr endpoint, For(account));
  const int status = co_await Probe(*endpoint);
  // Any answer proves it alive, whatever it thinks of OPTIONS.
  // 503 stands for a network error as well as for a proxy that takes no calls now.
  if (status == 408 || status == 503) {
    co_return base::MakeError(base::kProviderUnreachable,
                              "nothing answers OPTIONS at api_url, or it takes no calls now");
  }
  co_return absl::StrCat("the proxy answers OPTIONS with ", status);
}

}  // namespace ctc::providers::sip
