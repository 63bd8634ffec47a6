// Routes, origination and channels. Bridges, recordings and the rest are in ari_rest_media.cpp.
#include "tools/simulator/ari_rest.h"

#include <absl/strings/numbers.h>

#include "tools/simulator/ari_answers.h"

namespace ctc::simulator {
namespace {

constexpr absl::Duration kEarlyEvents = absl::Milliseconds(300);
constexpr absl::Duration kMachineTime = absl::Seconds(2);

// The cause for ?reason= of a hangup; -1 when there is no such reason.
int CauseOf(const std::string& reason) {
  static const std::map<std::string, int> kCauses = {{"", 16},
                                                     {"normal", 16},
                                                     {"busy", 17},
                                                     {"congestion", 34},
                                                     {"no_answer", 19},
                                                     {"timeout", 18},
                                                     {"rejected", 21},
                                                     {"unallocated", 1},
                                                     {"failure", 38},
                                                     {"interworking", 127},
                                                     {"number_incomplete", 28},
                                                     {"codec_mismatch", 58},
                                                     {"normal_unspecified", 31},
                                                     {"answered_elsewhere", 26}};
  const auto it = kCauses.find(reason);
  return it == kCauses.end() ? -1 : it->second;
}

std::vector<std::string> SplitArgs(const std::string& text) {
  std::vector<std::string> args;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find(',', begin), text.size());
    args.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return args;
}

}  // namespace

std::string AriRest::Call::Get(const std::string& name, const std::string& fallback) const {
  const auto it = parameters.find(name);
  return it == parameters.end() ? fallback : it->second;
}

bool AriRest::Authorized(const http::Request& request) const {
  const auto [user, password] = CredentialsOf(request);
  const Options& options = world_.options();
  if (options.ari_user.empty()) return !user.empty();
  return user == options.ari_user && password == options.ari_password.Reveal();
}

Task<http::Response> AriRest::Handle(const http::Request& request) {
  Call call{request, PathParts(request.path), ParametersOf(request)};
  call.parts.erase(call.parts.begin());
  world_.ledger().Requested(request.method + " ari/" + call.Part(0));
  if (!Authorized(request)) {
    http::Response response = Message(401, "Authentication required");
    response.headers.Add("WWW-Authenticate", "Basic realm=\"Asterisk REST Interface\"");
    co_return response;
  }
  const std::string& resource = call.Part(0);
  if (resource == "channels") co_return co_await Channels(call);
  if (resource == "bridges") co_return Bridges(call);
  if (resource == "recordings") co_return Recordings(call);
  if (resource == "playbacks") co_return Playbacks(call);
  if (resource == "applications") co_return Applications(call);
  if (resource == "asterisk") co_return Asterisk(call);
  if (resource == "events") co_return Events(call);
  if (resource == "api-docs") co_return ApiDocs(call);
  if (resource == "endpoints") co_return JsonResponse(200, "[]");
  co_return Message(404, "Resource not found");
}

http::Response AriRest::Events(const Call& call) {
  const std::string app = call.Get("app");
  if (app.empty()) {
    http::Response response;
    response.status = 400;
    response.headers.Add("Content-Type", "text/html");
    response.body = "<html><body>HTTP request is missing param: [app]</body></html>";
    return response;
  }
  const bool all = call.Get("subscribeAll") == "true";
  http::Response response;
  response.websocket = [this, app, all](http::WebSocket& socket) {
    return switch_.events().Serve(socket, app, all);
  };
  return response;
}

Task<http::Response> AriRest::Channels(const Call& call) {
  const std::string id = call.Part(1);
  if (id.empty() && call.Is("GET")) {
    Json all = Json::array();
    for (const auto& [key, channel] : switch_.channels()) all.push_back(ChannelJson(*channel));
    co_return JsonResponse(200, all.dump());
  }
  const bool whole = call.parts.size() <= 2;
  if (call.Is("POST") && whole && (id.empty() || id == "create")) {
    co_return co_await Originate(call, call.Get("channelId"), id == "create");
  }
  if (call.Is("POST") && whole) co_return co_await Originate(call, id, false);
  const AriSwitch::ChannelPtr channel = switch_.FindChannel(id);
  if (channel == nullptr) co_return Message(404, "Channel not found");
  if (!whole) co_return ChannelAction(call, channel);
  if (call.Is("GET")) co_return JsonResponse(200, ChannelJson(*channel).dump());
  if (call.Is("DELETE")) co_return HangUp(call, channel);
  co_return Message(405, "Invalid method");
}

std::shared_ptr<Channel> AriRest::MakeChannel(const Call& call, std::string id) const {
  auto channel = std::make_shared<Channel>(world_.executor(), std::move(id), call.Get("endpoint"));
  channel->app = call.Get("app");
  channel->args = SplitArgs(call.Get("appArgs"));
  ReadCallerId(call.Get("callerId"), *channel);
  double seconds = 30;
  if (!absl::SimpleAtod(call.Get("timeout"), &seconds)) seconds = 30;
  channel->timeout = seconds < 0 ? absl::InfiniteDuration() : world_.Scaled(absl::Seconds(seconds));
  const Json body = Json::parse(call.request.body, nullptr, false);
  if (body.is_object() && body.contains("variables") && body["variables"].is_object()) {
    channel->variables = body["variables"];
  }
  return channel;
}

Task<http::Response> AriRest::Originate(const Call& call, std::string id, bool create) {
  if (call.Get("endpoint").empty()) co_return Message(400, "Endpoint must be specified");
  if (call.Get("endpoint").find('/') == std::string::npos) {
    co_return Message(400, "Invalid endpoint specified");
  }
  if (call.Get("app").empty() && call.Get("extension").empty()) {
    co_return Message(400, "Application or extension must be specified");
  }
  if (id.empty()) id = "1795369225." + world_.RandomHex(8);
  if (switch_.FindChannel(id) != nullptr) {
    co_return Message(409, "Channel with given unique ID already exists");
  }
  AriSwitch::ChannelPtr channel = MakeChannel(call, std::move(id));
  const bool agent = DialledNumber(channel->endpoint).empty() ||
                     (!channel->args.empty() && channel->args.front() == "agent") ||
                     channel->variables.value("CTC_LEG", "") == "agent";
  channel->script = world_.Script(channel->endpoint, agent);
  const Submission submission = channel->script.submission;
  if (channel->script.dials) {
    switch_.AddChannel(channel);
    if (create) {
      switch_.EnterApp(channel);
    } else {
      switch_.Dial(channel);
    }
  }
  // As it was when it was made; its events may overtake this answer.
  const std::string body = ChannelJson(*channel).dump();
  if (channel->script.delivery == Delivery::kBeforeAnswer) co_await world_.Sleep(kEarlyEvents);
  if (world_.fault().delay > absl::ZeroDuration()) co_await world_.Sleep(world_.fault().delay);
  if (submission == Submission::kAccept) co_return JsonResponse(200, body);
  co_return co_await FailSubmission(world_, submission, "{\"error\":\"Allocation failed\"}");
}

http::Response AriRest::HangUp(const Call& call, const AriSwitch::ChannelPtr& channel) {
  const int cause = CauseOf(call.Get("reason"));
  if (cause < 0) return Message(400, "Invalid Reason");
  switch_.HangUp(channel, cause, true, channel->state == "Up" ? "" : "NOANSWER");
  return NoContent();
}

http::Response AriRest::ChannelAction(const Call& call, const AriSwitch::ChannelPtr& channel) {
  const std::string action = call.Part(2);
  if (action == "variable") return Variable(call, channel);
  if (action == "rtp_statistics" && call.Is("GET")) {
    const Json json = {{"channel_uniqueid", channel->id},
                       {"txcount", 150},
                       {"rxcount", 150},
                       {"txploss", 0},
                       {"rxploss", 0},
                       {"txjitter", 0.001},
                       {"rxjitter", 0.0},
                       {"rtt", 0.0},
                       {"txmes", 88.0},
                       {"rxmes", 88.0}};
    return JsonResponse(200, json.dump());
  }
  if (action == "dial" && call.Is("POST")) {
    if (channel->state != "Down") return Message(409, "Channel not in Stasis application");
    double seconds = 30;
    if (absl::SimpleAtod(call.Get("timeout"), &seconds) && seconds > 0) {
      channel->timeout = world_.Scaled(absl::Seconds(seconds));
    }
    switch_.Dial(channel);
    return NoContent();
  }
  if (!channel->in_app) return Message(409, "Channel not in Stasis application");
  if (action == "continue" && call.Is("POST")) return Continue(call, channel);
  return ChannelMedia(call, channel);
}

http::Response AriRest::ChannelMedia(const Call& call, const AriSwitch::ChannelPtr& channel) {
  const std::string action = call.Part(2);
  if (action == "answer" && call.Is("POST")) switch_.PickUp(channel);
  if (action == "moh") switch_.Happens(*channel, "music", call.Is("POST") ? "on" : "off");
  if (action == "hold" || action == "mute" || action == "moh" || action == "ring" ||
      action == "silence" || action == "answer") {
    return call.Is("POST") || call.Is("DELETE") ? NoContent() : Message(405, "Invalid method");
  }
  if (!call.Is("POST")) return Message(405, "Invalid method");
  if (action == "dtmf") {
    if (call.Get("dtmf").empty()) return Message(400, "DTMF is required");
    return NoContent();
  }
  if (action == "play") return Play(call, *channel);
  if (action == "record") {
    if (!channel->bridge.empty()) return Message(409, "Channel not in Stasis application");
    http::Response response =
        Record(call, "channel:" + channel->id, channel->app, channel->live_recording);
    if (response.status != 201) return response;
    const std::string keys = call.Get("terminateOn", "none");
    channel->finish_keys = keys == "any" ? "0123456789*#" : keys == "none" ? "" : keys;
    switch_.Happens(*channel, "record", channel->finish_keys);
    return response;
  }
  if (action == "snoop") {
    std::string id = call.Part(3).empty() ? call.Get("snoopId") : call.Part(3);
    if (id.empty()) id = "snoop-" + world_.RandomHex(8);
    if (switch_.FindChannel(id) != nullptr) {
      return Message(409, "Channel with given unique ID already exists");
    }
    auto snoop = MakeChannel(call, std::move(id));
    snoop->endpoint = "Snoop/" + channel->id;
    snoop->state = "Up";
    snoop->ends_quietly = true;
    if (snoop->app.empty()) snoop->app = channel->app;
    snoop->script.talk = absl::InfiniteDuration();
    switch_.AddChannel(snoop);
    switch_.EnterApp(snoop);
    return JsonResponse(200, ChannelJson(*snoop).dump());
  }
  return Message(404, "Resource not found");
}

http::Response AriRest::Variable(const Call& call, const AriSwitch::ChannelPtr& channel) {
  const std::string name = call.Get("variable");
  if (name.empty()) return Message(400, "Variable name is required");
  if (call.Is("POST")) {
    channel->variables[name] = call.Get("value");
    return NoContent();
  }
  if (!channel->variables.contains(name)) return Message(404, "Provided variable was not found");
  return JsonResponse(200, Json{{"value", channel->variables[name]}}.dump());
}

http::Response AriRest::Continue(const Call& call, const AriSwitch::ChannelPtr& channel) {
  switch_.LeaveApp(channel);
  if (call.Get("context") == "amd") {
    world_.Spawn(DetectMachine(channel), "machine detection");
  } else if (call.Get("context").empty()) {
    switch_.HangUp(channel, 0, false, "");
  }
  return NoContent();
}

Task<void> AriRest::DetectMachine(AriSwitch::ChannelPtr channel) {
  co_await world_.Sleep(world_.Scaled(kMachineTime));
  if (channel->ended) co_return;
  const bool machine = channel->script.ending == Ending::kMachine;
  channel->args = {"amd", machine ? "MACHINE" : "HUMAN",
                   machine ? "LONGGREETING-1500-1500" : "HUMAN-800-800"};
  switch_.EnterApp(channel);
}

}  // namespace ctc::simulator
