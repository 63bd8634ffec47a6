// The rpcs that read sessions and the feed.
#include <boost/asio/post.hpp>

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "services/session/service/session_service.h"

namespace ctc::session {
namespace {

constexpr int kDefaultFeedPage = 500;
constexpr int kLargestFeedPage = 2000;
constexpr int kLongestWaitMs = 25000;
constexpr absl::Duration kStoppingWait = absl::Milliseconds(100);  // for who asks again at once
constexpr size_t kLongestFilter = 255;

absl::Status CheckFilters(const v1::ListSessionsRequest& r) {
  v1::Session::Status status;
  if (r.has_status() && (!v1::Session::Status_Parse(r.status(), &status) ||
                         status == v1::Session::STATUS_UNSPECIFIED)) {
    return base::InvalidField("status", "is none of the statuses of a session");
  }
  v1::Session::Direction direction;
  if (r.has_direction() && (!v1::Session::Direction_Parse(r.direction(), &direction) ||
                            direction == v1::Session::DIRECTION_UNSPECIFIED)) {
    return base::InvalidField("direction", "must be OUTBOUND or INBOUND");
  }
  const std::pair<std::string_view, const std::string*> texts[] = {
      {"agent_id", &r.agent_id()},       {"lead_id", &r.lead_id()},
      {"campaign_id", &r.campaign_id()}, {"account_id", &r.account_id()},
      {"provider_id", &r.provider_id()}, {"from_phone", &r.from_phone()},
      {"to_phone", &r.to_phone()},       {"q", &r.q()}};
  for (const auto& [field, text] : texts) {
    if (text->size() > kLongestFilter) return base::InvalidField(field, "is too long");
  }
  return absl::OkStatus();
}

absl::StatusOr<store::ListQuery> QueryOf(const rpc::Context& context,
                                         const v1::ListSessionsRequest& request,
                                         const db::ListPage& page) {
  CTC_RETURN_IF_ERROR(CheckFilters(request));
  store::ListQuery query;
  query.tenant = context.tenant;
  query.filter = request;
  if (context.principal.role == rpc::Role::kAgent) query.own_agent_id = context.principal.agent_id;
  query.limit = page.limit();
  query.offset = page.offset();
  query.newest_first = page.descending();
  query.after_id = page.after_id();
  return query;
}

// Sessions in a list come without their legs.
void AddWithoutLegs(const store::Record& record, v1::Session* session) {
  *session = record.session;
  session->clear_legs();
}

std::string CurrentOutcome(const v1::Session& session) {
  switch (session.submission()) {
    case v1::Session::ACCEPTED:
      return "accepted";
    case v1::Session::REFUSED:
      return "refused";
    case v1::Session::NOT_SENT:
      return "not_sent";
    default:
      return "unknown";
  }
}

}  // namespace

void SessionService::Stop() {
  std::vector<FeedWait> waits;
  {
    const base::MutexLock lock(mutex_);
    stopping_ = true;
    waits.swap(feed_waits_);
  }
  for (const FeedWait& wait : waits) wait.wake();
}

bool SessionService::is_stopping() const {
  const base::MutexLock lock(mutex_);
  return stopping_;
}

bool SessionService::KeepWait(FeedWait wait) {
  const base::MutexLock lock(mutex_);
  if (stopping_) return false;
  std::erase_if(feed_waits_, [](const FeedWait& other) { return other.alive.expired(); });
  feed_waits_.push_back(std::move(wait));
  return true;
}

Task<void> SessionService::WaitForNews(int64_t after, absl::Duration patience) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto timer = std::make_shared<asio::steady_timer>(executor);
  timer->expires_after(absl::ToChronoMilliseconds(patience));
  const std::weak_ptr<asio::steady_timer> weak = timer;
  // Posted to this coroutine's executor: it cannot come before the wait below began.
  auto wake = [weak, executor] {
    asio::post(executor, [weak] {
      if (const auto waiting = weak.lock()) waiting->cancel();
    });
  };
  if (!KeepWait({timer, wake})) {
    timer->expires_after(absl::ToChronoMilliseconds(std::min(patience, kStoppingWait)));
  }
  core_.ring.OnNews(after, timer, std::move(wake));
  boost::system::error_code ignored;
  co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

Task<absl::StatusOr<v1::GetSessionResponse>> SessionService::GetSession(
    rpc::Context context, const v1::GetSessionRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const store::RecordPtr record,
                          co_await GetVisible(core_, context, request.id()));
  v1::GetSessionResponse response;
  *response.mutable_session() = record->session;
  co_return response;
}

Task<absl::StatusOr<v1::ListSessionsResponse>> SessionService::ListSessions(
    rpc::Context context, const v1::ListSessionsRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const db::ListPage page,
                          db::ListPage::Of(store::kSessionOrders, context.tenant, request));
  CTC_CO_ASSIGN_OR_RETURN(store::ListQuery query, QueryOf(context, request, page));
  CTC_CO_ASSIGN_OR_RETURN(const store::SessionReader::Page found,
                          co_await core_.reader.List(std::move(query), context.deadline));
  v1::ListSessionsResponse response;
  page.Describe(found.total, found.last_id.empty() ? "" : page.CursorAfter(found.last_id),
                response);
  for (const store::RecordPtr& record : found.records) {
    AddWithoutLegs(*record, response.add_sessions());
  }
  co_return response;
}

Task<absl::StatusOr<v1::ListSessionEventsResponse>> SessionService::ListSessionEvents(
    rpc::Context context, const v1::ListSessionEventsRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const store::RecordPtr record,
                          co_await GetVisible(core_, context, request.id()));
  CTC_CO_ASSIGN_OR_RETURN(
      std::vector<v1::CallEvent> events,
      co_await core_.reader.EventsOf(context.tenant, record->id(), context.deadline));
  v1::ListSessionEventsResponse response;
  response.set_total(static_cast<int32_t>(events.size()));
  for (v1::CallEvent& event : events) *response.add_events() = std::move(event);
  co_return response;
}

Task<absl::StatusOr<v1::GetSessionRouteResponse>> SessionService::GetSessionRoute(
    rpc::Context context, const v1::GetSessionRouteRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const store::RecordPtr record,
                          co_await GetVisible(core_, context, request.id()));
  v1::GetSessionRouteResponse response;
  for (const v1::RouteCandidate& candidate : record->route.candidates()) {
    v1::RouteCandidate& shown = *response.add_candidates();
    shown = candidate;
    if (shown.outcome() == "not_tried" && shown.provider_id() == record->session.provider_id()) {
      shown.set_outcome(CurrentOutcome(record->session));
    }
  }
  co_return response;
}

Task<absl::StatusOr<v1::ResolveSessionResponse>> SessionService::ResolveSession(
    rpc::Context context, const v1::ResolveSessionRequest& request) {
  co_return co_await facts_.ResolveSession(std::move(context), request);
}

Task<absl::StatusOr<v1::ReadFeedResponse>> SessionService::ReadFeed(
    rpc::Context context, const v1::ReadFeedRequest& request) {
  v1::ReadFeedResponse response;
  if (request.after_seq() < 0) {
    CTC_CO_ASSIGN_OR_RETURN(const int64_t last, co_await core_.reader.LastSeq(context.deadline));
    response.set_last_seq(last);
    co_return response;
  }
  const int limit =
      request.limit() <= 0 ? kDefaultFeedPage : std::min(request.limit(), kLargestFeedPage);
  const absl::Duration patience =
      absl::Milliseconds(std::clamp(request.wait_ms(), 0, kLongestWaitMs));
  const absl::Duration until = core_.clock.Monotonic() + patience;
  int64_t after = request.after_seq();
  bool waited = false;
  while (true) {
    CTC_CO_ASSIGN_OR_RETURN(
        store::FeedRing::Page page,
        co_await core_.reader.ReadFeed(after, limit, request.tenant_id(), context.deadline));
    const bool moved = page.last_seq > after;
    after = page.last_seq;
    const absl::Duration left = until - core_.clock.Monotonic();
    const bool enough = left <= absl::ZeroDuration() || (waited && is_stopping());
    if (!page.events.empty() || enough) {
      response.set_last_seq(after);
      for (const store::EventPtr& event : page.events) *response.add_events() = *event;
      co_return response;
    }
    if (moved) continue;
    co_await WaitForNews(after, left);
    waited = true;
  }
}

Task<absl::StatusOr<v1::ListLiveSessionsResponse>> SessionService::ListLiveSessions(
    rpc::Context context, const v1::ListLiveSessionsRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(
      const std::vector<store::RecordPtr> records,
      co_await core_.reader.ListLive(context.tenant, request.provider_id(), context.deadline));
  v1::ListLiveSessionsResponse response;
  for (const store::RecordPtr& record : records) {
    v1::Session& session = *response.add_sessions();
    AddWithoutLegs(*record, &session);
    session.clear_metadata();  // up to 16 kB each, which nobody who asks this looks at
  }
  co_return response;
}

}  // namespace ctc::session
