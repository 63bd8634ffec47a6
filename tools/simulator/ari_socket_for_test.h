// ARI's event socket as a test reads it.
#pragma once

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/http/client.h"
#include "tools/simulator/fixture_for_test.h"

namespace ctc::simulator {

// An event socket that keeps what it has read.
class AriSocket {
 public:
  explicit AriSocket(Fixture& f) : f_(f) {
    const std::vector<std::pair<std::string, std::string>> headers = {
        {"Authorization", "Basic Y3RjOnNlY3JldA=="}};
    const std::string url = "ws://127.0.0.1:" + std::to_string(f.port()) + "/ari/events?app=ctc";
    auto socket =
        f.mine().Run(http::ConnectWebSocket(url, headers, absl::Seconds(30), absl::Seconds(30)));
    REQUIRE(socket.ok());
    socket_ = std::move(*socket);
    // Accepted is not yet known to the switch, which drops the legs of an application without one.
    testing::EventuallyTrue(
        [&] { return f.Send("GET", "/ari/applications/ctc").response.status == 200; },
        "the application");
  }

  // Reads on until the event comes; returns it.
  Json Until(const std::string& type, const std::string& channel = "") {
    while (true) {
      const absl::StatusOr<std::string> text = f_.mine().Run(socket_->Read());
      REQUIRE(text.ok());
      Json event = Json::parse(*text);
      const Json& subject = event.contains("peer") ? event["peer"] : event["channel"];
      std::string name = event["type"].get<std::string>();
      if (event.contains("dialstatus")) name += ":" + event["dialstatus"].get<std::string>();
      const bool fits = channel.empty() || (subject.is_object() && subject["id"] == channel);
      if (fits && name != "ChannelVarset") seen_ += name + " ";
      if (fits && name == type) return event;
    }
  }
  // All events of the channel asked for so far.
  std::string Seen() { return std::exchange(seen_, ""); }

 private:
  Fixture& f_;
  std::unique_ptr<http::WebSocket> socket_;
  std::string seen_;
};

}  // namespace ctc::simulator
