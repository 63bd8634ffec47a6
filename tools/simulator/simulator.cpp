#include "tools/simulator/simulator.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

namespace ctc::simulator {
namespace {

constexpr std::string_view kSignalWire = "/api/laml/2010-04-01/";

double NumberOf(const std::multimap<std::string, std::string>& parameters, const std::string& name,
                double fallback) {
  const auto it = parameters.find(name);
  double value = fallback;
  if (it == parameters.end() || !absl::SimpleAtod(it->second, &value)) return fallback;
  return value;
}

}  // namespace

Simulator::Simulator(asio::any_io_executor executor, Options options)
    : world_(std::move(executor), std::move(options)),
      ari_(world_),
      ari_callers_(world_, ari_.line()),
      exotel_(world_),
      jambonz_(world_),
      mcube_(world_),
      twilio_(world_),
      sip_(world_),
      vonage_(world_),
      seed_webhooks_(world_),
      port_(world_.options().port) {
  inbound_.Register("exotel", [this](const CallerPtr& caller) { return exotel_.Ring(caller); });
  inbound_.Register("jambonz", [this](const CallerPtr& caller) { return jambonz_.Ring(caller); });
  inbound_.Register("mcube", [this](const CallerPtr& caller) { return mcube_.Ring(caller); });
  inbound_.Register("signalwire", [this](const CallerPtr& caller) { return twilio_.Ring(caller); });
  inbound_.Register("twilio", [this](const CallerPtr& caller) { return twilio_.Ring(caller); });
  inbound_.Register("asterisk",
                    [this](CallerPtr caller) { return ari_callers_.Ring(std::move(caller)); });
  inbound_.Register("vonage",
                    [this](const CallerPtr& caller) { return vonage_.exchange().Ring(caller); });
  if (world_.options().seed_webhooks.empty()) return;
  ari_.line().Observe([this](const Channel& channel, std::string_view what) {
    seed_webhooks_.Tell(channel, what);
  });
}

absl::Status Simulator::Start() {
  CTC_RETURN_IF_ERROR(Listen());
  Options& options = world_.mutable_options();
  if (options.public_url.empty()) options.public_url = absl::StrCat("http://127.0.0.1:", port_);
  return absl::OkStatus();
}

absl::Status Simulator::Listen() {
  http::ServerOptions options;
  options.port = port_;
  auto handle = [this](const http::Request& request) { return Handle(request); };
  CTC_ASSIGN_OR_RETURN(server_, http::Server::Start(world_.executor(), options, handle));
  port_ = server_->port();
  return absl::OkStatus();
}

Task<void> Simulator::Drain() { return server_->Drain(absl::Seconds(2)); }

Task<http::Response> Simulator::Handle(const http::Request& request) {
  const std::string& path = request.path;
  if (path.starts_with("/ari/")) return ari_.Handle(request);
  if (path.starts_with("/2010-04-01/")) return twilio_.Handle(request);
  if (path.starts_with(kSignalWire)) return HandleSignalWire(request);
  auto now = [](http::Response response) -> Task<http::Response> { co_return response; };
  if (Jambonz::Serves(path)) return now(jambonz_.Handle(request));
  if (path.starts_with("/v1/Accounts/") || path.starts_with("/exotelrecordings/")) {
    return exotel_.Handle(request);
  }
  if (McubeRest::Serves(path)) return mcube_.Handle(request);
  if (path.starts_with("/sip/v1/")) return sip_.Handle(request);
  if (path == "/v1/calls" || path.starts_with("/v1/calls/") || path.starts_with("/v1/files/")) {
    return vonage_.Handle(request);
  }
  if (path == "/_ctl") return now(Control(request));
  if (path == "/_stats") return now(Stats(request));
  if (path == "/_calls") return now(Calls());
  if (path == "/_inbound") return now(inbound_.Handle(request));
  return now(JsonResponse(404, "{\"message\":\"Resource not found\"}"));
}

Task<http::Response> Simulator::HandleSignalWire(http::Request request) {
  request.path.erase(0, std::string_view("/api/laml").size());
  co_return co_await twilio_.Handle(request);
}

http::Response Simulator::Control(const http::Request& request) {
  const auto parameters = ParametersOf(request);
  const auto mode = parameters.find("mode");
  Fault& fault = world_.fault();
  if (mode != parameters.end() && mode->second == "refuse") {
    const auto duration = absl::Milliseconds(NumberOf(parameters, "for_ms", 1000));
    world_.Spawn(RefuseFor(duration), "refusing");
    return JsonResponse(200, "{\"mode\":\"refuse\"}");
  }
  if (mode != parameters.end()) {
    if (!mode->second.empty() && FindOutcome(mode->second) == nullptr) {
      return JsonResponse(400, "{\"message\":\"there is no such mode; see --help\"}");
    }
    fault.mode = mode->second;
  }
  fault.percent = NumberOf(parameters, "pct", 100);
  fault.delay = absl::Milliseconds(NumberOf(parameters, "delay_ms", 0));
  const Json json = {{"mode", fault.mode},
                     {"pct", fault.percent},
                     {"delay_ms", absl::ToInt64Milliseconds(fault.delay)}};
  return JsonResponse(200, json.dump());
}

http::Response Simulator::Stats(const http::Request& request) {
  const auto parameters = ParametersOf(request);
  const Ledger& ledger = world_.ledger();
  if (const auto it = parameters.find("number"); it != parameters.end()) {
    std::string number = it->second;
    std::erase_if(number, [](char c) { return c == '+' || c == ' '; });
    return JsonResponse(200, absl::StrCat("{\"dials\":", ledger.CountOf(number), "}"));
  }
  if (const auto it = parameters.find("reference"); it != parameters.end()) {
    const int count = ledger.CountOfReference(it->second);
    return JsonResponse(200, absl::StrCat("{\"dials\":", count, "}"));
  }
  return JsonResponse(200, ledger.Json());
}

http::Response Simulator::Calls() {
  Json ari = Json::array();
  for (const auto& [id, channel] : ari_.line().channels()) ari.push_back(ChannelJson(*channel));
  const Json json = {{"ari", ari},
                     {"exotel", exotel_.LiveCalls()},
                     {"jambonz", jambonz_.LiveCalls()},
                     {"mcube", mcube_.LiveCalls()},
                     {"sip", sip_.LiveCalls()},
                     {"twilio", twilio_.LiveCalls()},
                     {"vonage", vonage_.LiveCalls()}};
  return JsonResponse(200, json.dump(1));
}

// The answer to the request that asked for this goes out first.
Task<void> Simulator::RefuseFor(absl::Duration duration) {
  co_await world_.Sleep(absl::Milliseconds(20));
  server_.reset();
  co_await world_.Sleep(duration);
  absl::Status listening = Listen();
  for (int i = 0; i < 100 && !listening.ok(); ++i) {
    co_await world_.Sleep(absl::Milliseconds(20));
    listening = Listen();
  }
}

}  // namespace ctc::simulator
