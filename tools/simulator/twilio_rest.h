// Twilio's REST interface, version 2010-04-01: calls, conferences, participants, recordings,
// numbers.
#pragma once

#include <string>
#include <vector>

#include "libs/http/message.h"
#include "tools/simulator/twilio_exchange.h"
#include "tools/simulator/world.h"

namespace ctc::simulator {

class TwilioRest {
 public:
  explicit TwilioRest(World& world) : world_(world), exchange_(world) {}

  Task<http::Response> Handle(const http::Request& request);
  // Somebody calls; where the script names no URLs, those of the number are asked.
  absl::StatusOr<std::string> Ring(const CallerPtr& caller);
  // For /_calls.
  Json LiveCalls() const;

 private:
  struct Query {  // one request, taken apart
    const http::Request& request;
    Account account;
    std::vector<std::string> parts;  // after the account, without ".json"
    Form form;

    std::string Get(const std::string& name, const std::string& fallback = "") const {
      return ValueOf(form, name, fallback);
    }
    std::string Part(size_t index) const { return index < parts.size() ? parts[index] : ""; }
    bool Is(std::string_view method) const { return request.method == method; }
  };
  using CallPtr = TwilioExchange::CallPtr;
  using ConferencePtr = TwilioExchange::ConferencePtr;

  bool Authorize(const http::Request& request, Account& account) const;
  Task<http::Response> Calls(const Query& query);
  Task<http::Response> CreateCall(const Query& query);
  Task<http::Response> Accepted(CallPtr call, std::string conference, bool participant);
  http::Response CheckCall(const Query& query) const;
  http::Response ListCalls(const Query& query) const;
  http::Response UpdateCall(const Query& query, const CallPtr& call);
  Task<http::Response> Conferences(const Query& query);
  http::Response ListConferences(const Query& query) const;
  Task<http::Response> Participants(const Query& query, ConferencePtr conference);
  Task<http::Response> CreateParticipant(const Query& query, ConferencePtr conference);
  http::Response CheckCoaching(const Query& query, const Conference& conference) const;
  http::Response UpdateParticipant(const Query& query, Conference& conference, const CallPtr& call);
  http::Response StartRecording(const Query& query, const std::string& call,
                                const std::string& conference);
  http::Response UpdateRecording(const Query& query, const std::string& owner,
                                 const std::string& sid);
  http::Response Recordings(const Query& query);
  http::Response Numbers(const Query& query);

  World& world_;
  TwilioExchange exchange_;
  std::map<std::string, TwilioNumber> numbers_;  // by sid
};

}  // namespace ctc::simulator
