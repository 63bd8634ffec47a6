// Fakes and shortcuts of the webhook service's tests.
#include "services/webhook/service/world_for_test.h"

#include <absl/strings/str_split.h>
#include <absl/time/clock.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <future>
#include <utility>

#include "libs/base/error_catalogue.h"
#include "libs/testing/eventually.h"

namespace ctc::webhook {
namespace {

namespace dv1 = dispatch::v1;
namespace sv1 = session::v1;

constexpr size_t kQueueLimit = 1000;
constexpr size_t kMaxMessage = 4 << 20;  // as an rpc between processes takes

ApplierOptions QuickOptions() {
  ApplierOptions options;
  options.sweep_interval = absl::Milliseconds(5);
  options.first_back_off = absl::Milliseconds(5);
  options.max_back_off = absl::Milliseconds(20);
  return options;
}

Task<absl::StatusOr<dv1::ReadWebhookResponse>> ReadWebhook(const dv1::ReadWebhookRequest& request) {
  const std::vector<std::string> words = absl::StrSplit(request.request().body(), ' ');
  dv1::ReadWebhookResponse response;
  dv1::ReadWebhookResponse::Verdict verdict = dv1::ReadWebhookResponse::FORGED;
  if (!dv1::ReadWebhookResponse::Verdict_Parse(words.front(), &verdict)) {
    co_return absl::UnavailableError("dispatch is away");
  }
  response.set_verdict(verdict);
  response.set_reason("because of " + words.front());
  if (words.size() < 3) co_return response;
  response.set_provider_id(kAccount);
  response.set_event_type("CALL_ENDED");
  response.set_session(words[1]);
  for (size_t i = 2; i < words.size(); ++i) {
    if (words[i] == "answer") {
      response.mutable_answer()->set_status(200);
      response.mutable_answer()->set_body("<Response/>");
      continue;
    }
    sv1::SessionFact& fact = *response.add_facts();
    fact.set_tenant_id("what the event says");
    if (words[1].starts_with("call:")) {
      fact.set_provider_call_id(words[1].substr(5));
    } else {
      fact.set_session(words[1]);
    }
    fact.mutable_fact()->set_event_key(words[i]);
    fact.mutable_fact()->set_duration_seconds(200);  // a byte that is no UTF-8
  }
  co_return response;
}

Task<absl::StatusOr<dv1::ReadFlowResponse>> ReadFlow(const dv1::ReadFlowRequest& request) {
  const std::vector<std::string> words = absl::StrSplit(request.request().body(), ' ');
  dv1::ReadFlowResponse response;
  dv1::ReadWebhookResponse::Verdict verdict = dv1::ReadWebhookResponse::FORGED;
  if (!dv1::ReadWebhookResponse::Verdict_Parse(words.front(), &verdict)) {
    co_return absl::UnavailableError("dispatch is away");
  }
  response.set_verdict(verdict);
  response.set_reason("because of " + words.front());
  if (words.size() < 3) co_return response;
  response.set_provider_id(kAccount);
  response.mutable_call()->set_session(words[1] == "new" ? "" : words[1]);
  response.mutable_call()->set_provider_call_id("CA1");
  response.mutable_call()->set_from_phone("+1234567890");
  response.mutable_call()->set_to_phone("+0987654321");
  response.mutable_input()->set_kind(routing::v1::FlowInput::DIGITS);
  response.mutable_input()->set_digits("4");
  response.mutable_input()->set_step_number(std::stoi(words[2]));
  co_return response;
}

Task<absl::StatusOr<dv1::RenderFlowResponse>> RenderFlow(const dv1::RenderFlowRequest& request) {
  if (request.request().body().ends_with("cannot")) {
    co_return base::MakeError(base::kCapabilityMissing, "no gather here");
  }
  dv1::RenderFlowResponse response;
  response.mutable_answer()->set_status(200);
  response.mutable_answer()->set_content_type("text/xml");
  response.mutable_answer()->set_body("<Gather room='" + request.order().room() + "' step='" +
                                      std::to_string(request.step().number()) + "'/>");
  co_return response;
}

}  // namespace

FakeSession::FakeSession(rpc::HandlerMap& handlers) {
  handlers.Bind(sv1::SessionServiceRpc::kResolveSession,
                [this](rpc::Context context, const sv1::ResolveSessionRequest& request) {
                  return Resolve(std::move(context), request);
                });
  handlers.Bind(
      sv1::SessionServiceRpc::kApplyFacts,
      [this](rpc::Context, const sv1::ApplyFactsRequest& request) { return Apply(request); });
  handlers.Bind(sv1::SessionServiceRpc::kAdvanceFlow,
                [this](rpc::Context context, const sv1::AdvanceFlowRequest& request) {
                  return Advance(std::move(context), request);
                });
}

void FakeSession::Know(const std::string& session) {
  const base::MutexLock lock(mutex_);
  known_.insert(session);
}
void FakeSession::KnowAfter(const std::string& provider_call_id, int questions) {
  const base::MutexLock lock(mutex_);
  later_[provider_call_id] = questions;
}
void FakeSession::SetAway(bool away) {
  const base::MutexLock lock(mutex_);
  away_ = away;
}
void FakeSession::LoseNextAnswer() {
  const base::MutexLock lock(mutex_);
  lose_answer_ = true;
}
void FakeSession::FailOn(const std::string& event_key, absl::Status status) {
  const base::MutexLock lock(mutex_);
  poison_ = event_key;
  poison_status_ = std::move(status);
}
std::vector<std::string> FakeSession::applied() const {
  const base::MutexLock lock(mutex_);
  return applied_;
}
int FakeSession::calls() const {
  const base::MutexLock lock(mutex_);
  return calls_;
}

std::vector<sv1::AdvanceFlowRequest> FakeSession::asked() const {
  const base::MutexLock lock(mutex_);
  return asked_;
}

// The next step is a gather, numbered by the question; an unknown session named is an error.
Task<absl::StatusOr<sv1::AdvanceFlowResponse>> FakeSession::Advance(
    rpc::Context context, const sv1::AdvanceFlowRequest& request) {
  const base::MutexLock lock(mutex_);
  if (away_) co_return absl::UnavailableError("session is away");
  const bool unknown = !request.session().empty() && known_.count(request.session()) == 0;
  if (context.tenant.value() != "acme" || unknown) {
    co_return base::MakeError(base::kNotFound, "no such session");
  }
  asked_.push_back(request);
  sv1::AdvanceFlowResponse response;
  response.mutable_session()->set_id("uuid");
  response.mutable_session()->set_session_id("sess_new");
  response.mutable_session()->set_conversation_id("room");
  response.mutable_session()->set_direction(sv1::Session::INBOUND);
  response.mutable_session()->set_provider_id(request.provider_id());
  response.mutable_step()->set_number(request.input().step_number() + 1);
  response.mutable_step()->mutable_gather();
  co_return response;
}

Task<absl::StatusOr<sv1::ResolveSessionResponse>> FakeSession::Resolve(
    rpc::Context context, const sv1::ResolveSessionRequest& request) {
  const base::MutexLock lock(mutex_);
  if (away_) co_return absl::UnavailableError("session is away");
  std::string name = request.session();
  if (name.empty()) {
    name = request.provider_call_id();
    const auto later = later_.find(name);
    if (later != later_.end() && later->second-- <= 0) known_.insert(name);
  }
  if (context.tenant.value() != "acme" || known_.count(name) == 0) {
    co_return base::MakeError(base::kNotFound, "no such session");
  }
  sv1::ResolveSessionResponse response;
  response.set_id("id of " + name);
  response.set_session_id(name);
  co_return response;
}

Task<absl::StatusOr<sv1::ApplyFactsResponse>> FakeSession::Apply(
    const sv1::ApplyFactsRequest& request) {
  const base::MutexLock lock(mutex_);
  ++calls_;
  if (away_) co_return absl::UnavailableError("session is away");
  if (request.facts_size() > 1000) co_return base::InvalidField("facts", "are more than 1000");
  if (request.ByteSizeLong() > kMaxMessage) {
    co_return absl::ResourceExhaustedError("the request is larger than a server takes");
  }
  sv1::ApplyFactsResponse response;
  for (const sv1::SessionFact& fact : request.facts()) {
    if (fact.fact().event_key() == poison_) co_return poison_status_;
  }
  for (const sv1::SessionFact& fact : request.facts()) {
    const std::string& name = fact.session().empty() ? fact.provider_call_id() : fact.session();
    const std::string& key = fact.fact().event_key();
    const bool known = fact.tenant_id() == "acme" && known_.count(name) > 0;
    const bool repeated = std::count(applied_.begin(), applied_.end(), key) > 0;
    if (known && !repeated) applied_.push_back(key);
    response.add_results(!known     ? sv1::ApplyFactsResponse::UNKNOWN_SESSION
                         : repeated ? sv1::ApplyFactsResponse::DUPLICATE
                                    : sv1::ApplyFactsResponse::APPLIED);
  }
  if (std::exchange(lose_answer_, false)) co_return absl::UnavailableError("answer lost");
  co_return response;
}

void BindFakeDispatch(rpc::HandlerMap& handlers) {
  handlers.Bind(dv1::DispatchServiceRpc::kReadWebhook,
                [](rpc::Context, const dv1::ReadWebhookRequest& r) { return ReadWebhook(r); });
  handlers.Bind(dv1::DispatchServiceRpc::kReadFlow,
                [](rpc::Context, const dv1::ReadFlowRequest& r) { return ReadFlow(r); });
  handlers.Bind(dv1::DispatchServiceRpc::kRenderFlow,
                [](rpc::Context, const dv1::RenderFlowRequest& r) { return RenderFlow(r); });
}

Process::Process(std::unique_ptr<db::Database> database, rpc::Channel& channel,
                 const testing::FakeClock& clock)
    : database_(std::move(database)),
      queue_(kQueueLimit),
      log_(*database_, queue_),
      applier_(io_.executor(), channel, *database_, queue_, clock, base::SystemRandom(),
               QuickOptions()),
      reception_(log_, clock, base::SystemRandom()),
      intake_(channel, channel, reception_, log_, clock),
      flows_(channel, channel, reception_, log_),
      log_rpc_(channel, *database_, clock) {}

Process::~Process() {
  auto stop = [](Applier& applier) -> Task<bool> {
    co_await applier.Stop();
    co_return true;
  };
  io_.Run(stop(applier_));
}

rpc::Context Process::For(const std::string& tenant) const {
  rpc::Context context;
  context.tenant = base::TenantId(tenant);
  return context;
}

absl::StatusOr<v1::ReceiveWebhookResponse> Process::Receive(
    const v1::ReceiveWebhookRequest& request) {
  return io_.Run(intake_.ReceiveWebhook(rpc::Context(), request));
}
absl::StatusOr<v1::ReceiveWebhookResponse> Process::Receive(const std::string& body) {
  return Receive(WebhookOf(body));
}

absl::StatusOr<v1::ReceiveFlowResponse> Process::Ask(const v1::ReceiveFlowRequest& request) {
  return io_.Run(flows_.ReceiveFlow(rpc::Context(), request));
}
absl::StatusOr<v1::IngestFlowResponse> Process::AskBySocket(const v1::IngestFlowRequest& request,
                                                            const std::string& tenant) {
  return io_.Run(flows_.IngestFlow(For(tenant), request));
}

std::vector<absl::Status> Process::ReceiveAll(const std::vector<std::string>& bodies) {
  std::vector<v1::ReceiveWebhookRequest> requests;
  requests.reserve(bodies.size());
  for (const std::string& body : bodies) requests.push_back(WebhookOf(body));
  std::vector<std::future<absl::StatusOr<v1::ReceiveWebhookResponse>>> answers;
  for (const v1::ReceiveWebhookRequest& request : requests) {
    asio::any_io_executor strand = asio::make_strand(io_.context());
    answers.push_back(
        asio::co_spawn(strand, intake_.ReceiveWebhook(rpc::Context(), request), asio::use_future));
  }
  std::vector<absl::Status> out;
  for (auto& answer : answers) out.push_back(answer.get().status());
  return out;
}

absl::StatusOr<v1::IngestFactsResponse> Process::Ingest(const v1::IngestFactsRequest& request) {
  return io_.Run(intake_.IngestFacts(rpc::Context(), request));
}
absl::StatusOr<v1::ListWebhookLogsResponse> Process::List(const v1::ListWebhookLogsRequest& request,
                                                          const std::string& tenant) {
  return io_.Run(log_rpc_.ListWebhookLogs(For(tenant), request));
}
absl::StatusOr<v1::GetWebhookLogResponse> Process::Get(const std::string& id,
                                                       const std::string& tenant) {
  v1::GetWebhookLogRequest request;
  request.set_id(id);
  return io_.Run(log_rpc_.GetWebhookLog(For(tenant), request));
}
absl::StatusOr<v1::ReplayWebhookResponse> Process::Replay(const std::string& id,
                                                          const std::string& tenant) {
  v1::ReplayWebhookRequest request;
  request.set_id(id);
  return io_.Run(log_rpc_.ReplayWebhook(For(tenant), request));
}

std::vector<v1::WebhookLog> Process::Log() {
  v1::ListWebhookLogsRequest request;
  request.set_limit(200);
  const absl::StatusOr<v1::ListWebhookLogsResponse> page = List(request);
  INFO(page.status().ToString());
  REQUIRE(page.ok());
  return {page->logs().rbegin(), page->logs().rend()};
}

void Process::WaitFor(const std::string& state, int lines) {
  testing::Eventually([&] {
    v1::ListWebhookLogsRequest request;
    request.set_state(state);
    const absl::StatusOr<v1::ListWebhookLogsResponse> page = List(request);
    if (!page.ok()) return std::string(page.status().ToString());
    const std::string seen = std::to_string(page->total()) + " lines are " + state;
    return page->total() == lines ? "" : seen;
  });
}

// The clock stands still and leads the real one, so that no deadline made from it ever passes.
World::World(testing::MariaDb& on)
    : clock(absl::Now() + absl::Hours(1)),
      server(on),
      schema(server.NewSchema()),
      session(handlers) {
  BindFakeDispatch(handlers);
  channel = rpc::MakeLocalChannel(handlers);
}

std::unique_ptr<Process> World::NewProcess() {
  return std::make_unique<Process>(server.Open(schema), *channel, clock);
}

v1::ReceiveWebhookRequest WebhookOf(const std::string& body) {
  v1::ReceiveWebhookRequest request;
  request.set_provider("asterisk");
  request.mutable_raw()->set_method("POST");
  request.mutable_raw()->set_query("tenant=acme");
  request.mutable_raw()->set_body(body);
  return request;
}

}  // namespace ctc::webhook
