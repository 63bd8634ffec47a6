// ARI's REST interface and event socket under /ari.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/http/message.h"
#include "tools/simulator/ari_switch.h"
#include "tools/simulator/world.h"

namespace ctc::simulator {

class AriRest {
 public:
  explicit AriRest(World& world) : world_(world), switch_(world) {}

  Task<http::Response> Handle(const http::Request& request);
  AriSwitch& line() { return switch_; }

 private:
  struct Call {  // one request, taken apart
    const http::Request& request;
    std::vector<std::string> parts;  // after "ari"
    std::multimap<std::string, std::string> parameters;

    std::string Get(const std::string& name, const std::string& fallback = "") const;
    std::string Part(size_t index) const { return index < parts.size() ? parts[index] : ""; }
    bool Is(std::string_view method) const { return request.method == method; }
  };

  bool Authorized(const http::Request& request) const;
  http::Response ApiDocs(const Call& call) const;
  http::Response Events(const Call& call);
  Task<http::Response> Channels(const Call& call);
  Task<http::Response> Originate(const Call& call, std::string id, bool create);
  std::shared_ptr<Channel> MakeChannel(const Call& call, std::string id) const;
  http::Response ChannelAction(const Call& call, const AriSwitch::ChannelPtr& channel);
  http::Response ChannelMedia(const Call& call, const AriSwitch::ChannelPtr& channel);
  // One sound or a list of them, in the body or in the query.
  static std::string MediaOf(const Call& call);
  http::Response Variable(const Call& call, const AriSwitch::ChannelPtr& channel);
  http::Response Continue(const Call& call, const AriSwitch::ChannelPtr& channel);
  http::Response HangUp(const Call& call, const AriSwitch::ChannelPtr& channel);
  Task<void> DetectMachine(AriSwitch::ChannelPtr channel);
  http::Response Bridges(const Call& call);
  http::Response BridgeAction(const Call& call, Bridge& bridge);
  http::Response Members(const Call& call, Bridge& bridge);
  http::Response Record(const Call& call, const std::string& target, const std::string& app,
                        std::string& live);
  http::Response Play(const Call& call, const Channel& channel);
  http::Response PlayToAll(const Call& call, const Bridge& bridge, const std::string& app);
  http::Response Recordings(const Call& call);
  http::Response Live(const Call& call);
  http::Response Stored(const Call& call);
  http::Response Playbacks(const Call& call);
  http::Response Applications(const Call& call);
  http::Response Asterisk(const Call& call) const;

  World& world_;
  AriSwitch switch_;
};

}  // namespace ctc::simulator
