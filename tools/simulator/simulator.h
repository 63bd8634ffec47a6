// The whole simulator behind one HTTP server.
#pragma once

#include <memory>
#include <string>

#include "libs/http/server.h"
#include "tools/simulator/ari_callers.h"
#include "tools/simulator/ari_rest.h"
#include "tools/simulator/exotel_rest.h"
#include "tools/simulator/inbound.h"
#include "tools/simulator/jambonz.h"
#include "tools/simulator/mcube_rest.h"
#include "tools/simulator/seed_webhooks.h"
#include "tools/simulator/sip_http.h"
#include "tools/simulator/twilio_rest.h"
#include "tools/simulator/vonage_rest.h"
#include "tools/simulator/world.h"

namespace ctc::simulator {

class Simulator {
 public:
  // `executor` belongs to an io_context that one thread runs.
  Simulator(asio::any_io_executor executor, Options options);

  absl::Status Start();
  int port() const { return port_; }
  World& world() { return world_; }
  Task<void> Drain();

 private:
  Task<http::Response> Handle(const http::Request& request);
  // SignalWire's compatibility interface: Twilio's, below another path.
  Task<http::Response> HandleSignalWire(http::Request request);
  http::Response Control(const http::Request& request);
  http::Response Stats(const http::Request& request);
  http::Response Calls();
  absl::Status Listen();
  Task<void> RefuseFor(absl::Duration duration);

  World world_;
  Inbound inbound_;
  AriRest ari_;
  AriCallers ari_callers_;
  ExotelRest exotel_;
  Jambonz jambonz_;
  McubeRest mcube_;
  TwilioRest twilio_;
  SipHttp sip_;
  VonageRest vonage_;
  SeedWebhooks seed_webhooks_;
  std::unique_ptr<http::Server> server_;
  int port_ = 0;
};

}  // namespace ctc::simulator
