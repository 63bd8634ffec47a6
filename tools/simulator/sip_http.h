// A SIP switch driven over HTTP, as docs/sip.md's reference contract describes it: /sip/v1/calls.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/http/message.h"
#include "tools/simulator/sip_http_calls.h"

namespace ctc::simulator {

class SipHttp {
 public:
  explicit SipHttp(World& world) : world_(world), calls_(world) {}

  // Any bearer token is taken; it signs the webhooks of the calls placed with it.
  Task<http::Response> Handle(const http::Request& request);
  // For /_calls.
  nlohmann::json LiveCalls() const;

 private:
  struct Query {
    const http::Request& request;
    std::string key;
    std::vector<std::string> parts;  // after /sip/v1
    nlohmann::json body;

    std::string Part(size_t index) const { return index < parts.size() ? parts[index] : ""; }
    std::string Text(const char* name) const;
    bool Is(std::string_view method) const { return request.method == method; }
  };
  using CallPtr = SipHttpCalls::CallPtr;

  Task<http::Response> Place(const Query& query);
  http::Response LookUp(const Query& query) const;
  http::Response Act(const Query& query, const CallPtr& call);
  http::Response Recording(const Query& query, const CallPtr& call);
  http::Response Transfer(const Query& query, const CallPtr& call);
  http::Response Participants(const Query& query, const CallPtr& call);

  World& world_;
  SipHttpCalls calls_;
  std::map<std::string, std::pair<std::string, std::string>> placed_;  // key -> (body, call)
};

}  // namespace ctc::simulator
