// Routes, accounts and calls. Conferences and recordings are in twilio_rest_rooms.cpp, numbers in
// twilio_rest_numbers.cpp.
#include "tools/simulator/twilio_rest.h"

#include <absl/strings/numbers.h>

#include <algorithm>

#include "tools/simulator/twilio_answers.h"

namespace ctc::simulator {
namespace {

constexpr absl::Duration kEarlyEvents = absl::Milliseconds(300);
constexpr size_t kMaxTwiml = 4000;

bool IsDialable(const std::string& to) {
  if (to.starts_with("sip:") || to.starts_with("client:")) return true;
  const std::string number = DialledNumber(to);
  return to.starts_with("+") && number.size() >= 7 && number.size() <= 15;
}

bool IsUrl(const std::string& url) {
  return url.empty() || url.starts_with("http://") || url.starts_with("https://");
}

std::string FailureBody(Submission submission) {
  switch (submission) {
    case Submission::kError429:
      return TwilioError(429, 20429, "Too Many Requests");
    case Submission::kError401:
      return TwilioError(401, 20003, "Authenticate");
    case Submission::kError503:
      return TwilioError(503, 20503, "Service unavailable");
    default:
      return TwilioError(500, 20500, "Internal server error");
  }
}

}  // namespace

bool TwilioRest::Authorize(const http::Request& request, Account& account) const {
  const auto [user, password] = CredentialsOf(request);
  const Options& options = world_.options();
  if (options.twilio_account.empty()) {
    account.token = base::Secret(password);
    return !password.empty() && (user == account.sid || user.starts_with("SK"));
  }
  account.token = options.twilio_token;
  return account.sid == options.twilio_account && user == account.sid &&
         password == options.twilio_token.Reveal();
}

Task<http::Response> TwilioRest::Handle(const http::Request& request) {
  std::vector<std::string> parts = PathParts(request.path);  // 2010-04-01, Accounts, AC, ...
  if (parts.size() < 3 || parts[1] != "Accounts") co_return NotFound(request.path);
  if (std::string& last = parts.back(); last.ends_with(".json")) last.resize(last.size() - 5);
  Query query{request,
              Account{parts[2], base::Secret()},
              {parts.begin() + 3, parts.end()},
              ParametersOf(request)};
  world_.ledger().Requested(request.method + " twilio/" + query.Part(0));
  if (!Authorize(request, query.account)) {
    http::Response response = TwilioFailure(401, 20003, "Authenticate");
    response.headers.Add("WWW-Authenticate", "Basic realm=\"Twilio API\"");
    co_return response;
  }
  const std::string& resource = query.Part(0);
  if (resource.empty()) {
    const Json json = {{"sid", query.account.sid},
                       {"friendly_name", "Simulator"},
                       {"status", "active"},
                       {"type", "Full"}};
    co_return JsonResponse(200, json.dump());
  }
  if (resource == "Calls") co_return co_await Calls(query);
  if (resource == "Conferences") co_return co_await Conferences(query);
  if (resource == "Recordings") co_return Recordings(query);
  if (resource == "IncomingPhoneNumbers") co_return Numbers(query);
  co_return NotFound(request.path);
}

Json TwilioRest::LiveCalls() const {
  Json all = Json::array();
  for (const auto& [sid, call] : exchange_.calls()) {
    if (call->ended) continue;
    Json json = CallJson(*call);
    const auto room = exchange_.conferences().find(call->conference);
    json["room"] = room == exchange_.conferences().end() ? "" : room->second->name;
    json["phone"] = call->caller != nullptr ? call->from : call->to;
    json["digits"] = call->digits;
    json["mode"] = call->hold       ? "hold"
                   : call->coaching ? "whispers"
                   : call->muted    ? "listens"
                                    : "talks";
    const auto coached = exchange_.calls().find(call->coached);
    if (call->coaching && coached != exchange_.calls().end())
      json["heard_by"] = coached->second->to;
    all.push_back(std::move(json));
  }
  return all;
}

Task<http::Response> TwilioRest::Calls(const Query& query) {
  const std::string sid = query.Part(1);
  if (sid.empty() && query.Is("POST")) co_return co_await CreateCall(query);
  if (sid.empty() && query.Is("GET")) co_return ListCalls(query);
  const CallPtr call = exchange_.FindCall(query.account, sid);
  if (call == nullptr) co_return NotFound(query.request.path);
  if (query.Part(2) == "Recordings") {
    const std::string recording = query.Part(3);
    if (!recording.empty()) co_return UpdateRecording(query, sid, recording);
    if (query.Is("POST") && (call->ended || !call->answered_at.has_value())) {
      co_return TwilioFailure(400, 21220, "Call is not in-progress. Cannot record.");
    }
    if (query.Is("POST")) co_return StartRecording(query, sid, "");
    co_return Recordings(query);
  }
  if (query.parts.size() > 2) co_return NotFound(query.request.path);
  if (query.Is("GET")) co_return JsonResponse(200, CallJson(*call).dump());
  if (query.Is("POST")) co_return UpdateCall(query, call);
  co_return NoTwilioContent();
}

// status 0 when the parameters are acceptable.
http::Response TwilioRest::CheckCall(const Query& query) const {
  http::Response fine;
  fine.status = 0;
  const std::string to = query.Get("To");
  const std::string from = query.Get("From");
  if (to.empty()) return TwilioFailure(400, 21201, "No 'To' number is specified");
  if (!IsDialable(to)) {
    return TwilioFailure(400, 21211, "Invalid 'To' Phone Number: " + to);
  }
  if (from.empty()) return TwilioFailure(400, 21213, "No 'From' number is specified");
  if (!IsDialable(from)) return TwilioFailure(400, 21212, "Invalid From Number: " + from);
  for (const char* name : {"Url", "StatusCallback", "FallbackUrl"}) {
    if (!IsUrl(query.Get(name))) return TwilioFailure(400, 21205, "Url is not a valid URL");
  }
  int seconds = 60;
  const std::string timeout = query.Get("Timeout", "60");
  if (!absl::SimpleAtoi(timeout, &seconds) || seconds < 1 || seconds > 600) {
    return TwilioFailure(400, 21208, "Invalid Timeout");
  }
  return fine;
}

Task<http::Response> TwilioRest::CreateCall(const Query& query) {
  http::Response refusal = CheckCall(query);
  if (refusal.status != 0) co_return refusal;
  const std::string twiml = query.Get("Twiml");
  if (twiml.empty() && query.Get("Url").empty() && query.Get("ApplicationSid").empty()) {
    co_return TwilioFailure(400, 21205, "Url parameter is required");
  }
  if (twiml.size() > kMaxTwiml) co_return TwilioFailure(400, 21205, "Twiml is too long");
  CallPtr call = exchange_.NewCall(query.account, query.Get("To"), query.Get("From"));
  call->twiml = twiml;
  call->url = query.Get("Url");
  int seconds = 60;
  if (absl::SimpleAtoi(query.Get("Timeout", "60"), &seconds)) {
    call->timeout = world_.Scaled(absl::Seconds(seconds));
  }
  call->status_callback = ReadCallback(query.form, "StatusCallback", "completed");
  call->recording_callback = ReadCallback(query.form, "RecordingStatusCallback", "completed");
  call->record = IsTrue(query.Get("Record"), false);
  // Who hears a Dial first is the agent: it answers soon and stays.
  const bool agent = twiml.find("<Dial") != std::string::npos || !call->url.empty();
  call->script = world_.Script(call->to, agent);
  co_return co_await Accepted(std::move(call), "", false);
}

Task<http::Response> TwilioRest::Accepted(CallPtr call, std::string conference, bool participant) {
  const Json json = participant ? ParticipantJson(*call) : CallJson(*call);
  if (call->script.dials) exchange_.Start(call, conference);
  // They come before, however long they take.
  bool early = call->script.delivery == Delivery::kBeforeAnswer;
  while (early) {
    co_await world_.Sleep(kEarlyEvents);
    early = call->script.dials && !exchange_.HasTold(*call);
  }
  if (world_.fault().delay > absl::ZeroDuration()) co_await world_.Sleep(world_.fault().delay);
  const Submission submission = call->script.submission;
  if (submission == Submission::kAccept) co_return JsonResponse(201, json.dump());
  co_return co_await FailSubmission(world_, submission, FailureBody(submission));
}

http::Response TwilioRest::ListCalls(const Query& query) const {
  int page_size = 50;
  if (!absl::SimpleAtoi(query.Get("PageSize", "50"), &page_size)) page_size = 50;
  page_size = std::clamp(page_size, 1, 1000);
  Json calls = Json::array();
  for (const auto& [sid, call] : exchange_.calls()) {
    if (calls.size() >= static_cast<size_t>(page_size)) break;
    if (call->account.sid != query.account.sid) continue;
    auto differs = [&](const char* name, const std::string& value) {
      return query.form.contains(name) && query.Get(name) != value;
    };
    if (differs("To", call->to) || differs("From", call->from) || differs("Status", call->status) ||
        differs("ParentCallSid", call->parent)) {
      continue;
    }
    calls.push_back(CallJson(*call));
  }
  return Page(query.request.path, "calls", std::move(calls), page_size);
}

http::Response TwilioRest::UpdateCall(const Query& query, const CallPtr& call) {
  const std::string status = query.Get("Status");
  if (status == "canceled") {
    if (!call->answered_at.has_value()) exchange_.End(call, "canceled", 487);
  } else if (call->ended) {
    return TwilioFailure(400, 21220, "Call is not in-progress. Cannot redirect.");
  } else if (status == "completed") {
    const bool answered = call->answered_at.has_value();
    exchange_.End(call, answered ? "completed" : "canceled", answered ? 200 : 487);
  } else if (query.form.contains("Twiml") || query.form.contains("Url")) {
    if (!call->answered_at.has_value()) {
      return TwilioFailure(400, 21220, "Call is not in-progress. Cannot redirect.");
    }
    exchange_.Redirect(call, query.Get("Twiml"), query.Get("Url"));
  } else if (!status.empty()) {
    return TwilioFailure(400, 20001, "Invalid Status");
  }
  return JsonResponse(200, CallJson(*call).dump());
}

}  // namespace ctc::simulator
