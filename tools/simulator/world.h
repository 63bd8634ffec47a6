// What all parts of the simulator share: time scale, chance, faults and the ledger of dials.
// Single-threaded: everything runs on one io_context with one thread.
#pragma once

#include <absl/time/time.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>

#include "libs/base/asio.h"
#include "libs/base/secret.h"
#include "libs/http/client.h"
#include "libs/http/message.h"
#include "tools/simulator/script.h"

namespace ctc::simulator {

struct Options {
  int port = 0;
  std::string port_file;
  uint64_t seed = 1;
  double speed = 1;
  // An empty user accepts any credentials; Twilio callbacks are then signed with those given.
  std::string ari_user;
  base::Secret ari_password;
  std::string twilio_account;
  base::Secret twilio_token;
  std::string vonage_application;  // the only one that is taken
  std::string vonage_public_key;   // PEM; empty takes any key
  base::Secret vonage_secret;      // signs Vonage's webhooks
  std::string public_url;          // for the URLs in answers; default http://127.0.0.1:port
  std::string seed_webhooks;
  base::Secret webhook_secret;
};

// A fault for all requests that place calls, set by /_ctl.
struct Fault {
  std::string mode;  // name of an outcome; empty for none
  double percent = 100;
  absl::Duration delay;  // before every answer
};

// Who was dialled how often.
class Ledger {
 public:
  void Dialled(const std::string& number, const std::string& reference);
  // A further name of the dial counted last.
  void Referred(const std::string& reference) { ++by_reference_[reference]; }
  void Requested(const std::string& what) { ++requests_[what]; }
  void EventSent() { ++events_; }
  int CountOf(const std::string& number) const;
  int CountOfReference(const std::string& reference) const;
  std::string Json() const;

 private:
  uint64_t dials_ = 0;
  uint64_t events_ = 0;
  std::unordered_map<std::string, int> by_number_;
  std::unordered_map<std::string, int> by_reference_;
  std::map<std::string, uint64_t> requests_;
};

class World {
 public:
  World(asio::any_io_executor executor, Options options);

  const Options& options() const { return options_; }
  Options& mutable_options() { return options_; }
  asio::any_io_executor executor() const { return executor_; }
  http::Client& client() { return *client_; }
  Ledger& ledger() { return ledger_; }
  Fault& fault() { return fault_; }

  // Ring and talk times at the simulator's speed.
  absl::Duration Scaled(absl::Duration real) const;
  // The script of a call with the fault in force mixed in.
  CallScript Script(std::string_view endpoint, bool agent);
  uint64_t Random() { return random_(); }
  std::string RandomHex(int digits);

  Task<void> Sleep(absl::Duration duration);
  // Starts something that lives as long as it wants; an exception in it is printed.
  void Spawn(Task<void> task, const char* what);

 private:
  const asio::any_io_executor executor_;
  Options options_;
  std::unique_ptr<http::Client> client_;
  Ledger ledger_;
  Fault fault_;
  std::mt19937_64 random_;
};

// Waits until `wake` is cancelled, which is how a call is told of a change, and so long at most.
Task<void> UntilWoken(asio::steady_timer& wake, absl::Duration longest);

// The failing answer of a submission; `body` where it can carry one. Waits where it hangs.
Task<http::Response> FailSubmission(World& world, Submission submission, std::string body);

http::Response JsonResponse(int status, std::string body);

// What a request gives as parameters: query, and form or JSON body, merged.
std::multimap<std::string, std::string> ParametersOf(const http::Request& request);

// User and password of Basic authentication, or of ARI's ?api_key=.
std::pair<std::string, std::string> CredentialsOf(const http::Request& request);

// The parts of a path, decoded: "/ari/channels/x" gives ari, channels, x.
std::vector<std::string> PathParts(std::string_view path);

}  // namespace ctc::simulator
