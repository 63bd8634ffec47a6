#include "tools/simulator/world.h"

#include <nlohmann/json.hpp>

#include <cstdio>

#include "libs/crypto/crypto.h"

namespace ctc::simulator {

using Json = nlohmann::json;

void Ledger::Dialled(const std::string& number, const std::string& reference) {
  ++dials_;
  ++by_number_[number];
  if (!reference.empty()) ++by_reference_[reference];
}

int Ledger::CountOf(const std::string& number) const {
  const auto it = by_number_.find(number);
  return it == by_number_.end() ? 0 : it->second;
}

int Ledger::CountOfReference(const std::string& reference) const {
  const auto it = by_reference_.find(reference);
  return it == by_reference_.end() ? 0 : it->second;
}

std::string Ledger::Json() const {
  nlohmann::json json = {{"dials", dials_},
                         {"events", events_},
                         {"by_number", by_number_},
                         {"by_reference", by_reference_},
                         {"requests", requests_}};
  return json.dump(1);
}

World::World(asio::any_io_executor executor, Options options)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      client_(http::Client::Create(executor_)),
      random_(options_.seed) {}

absl::Duration World::Scaled(absl::Duration real) const {
  return real == absl::InfiniteDuration() ? real : real / options_.speed;
}

CallScript World::Script(std::string_view endpoint, bool agent) {
  CallScript script = ScriptFor(endpoint, agent);
  if (!fault_.mode.empty() && static_cast<double>(random_() % 10000) < fault_.percent * 100) {
    if (const Outcome* outcome = FindOutcome(fault_.mode)) {
      const absl::Duration talk = script.talk;
      script = outcome->script;
      if (agent) script.talk = talk;
    }
  }
  script.ring = Scaled(script.ring);
  script.talk = Scaled(script.talk);
  return script;
}

std::string World::RandomHex(int digits) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (int i = 0; i < digits; ++i) text.push_back(kHex[random_() & 15]);
  return text;
}

Task<void> World::Sleep(absl::Duration duration) {
  asio::steady_timer timer(executor_, absl::ToChronoNanoseconds(duration));
  co_await timer.async_wait(asio::use_awaitable);
}

Task<void> UntilWoken(asio::steady_timer& wake, absl::Duration longest) {
  if (longest == absl::InfiniteDuration()) {
    wake.expires_at(asio::steady_timer::time_point::max());
  } else {
    wake.expires_after(absl::ToChronoNanoseconds(longest));
  }
  boost::system::error_code ignored;
  co_await wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void World::Spawn(Task<void> task, const char* what) {
  asio::co_spawn(executor_, std::move(task), [what](std::exception_ptr failure) {
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "simulator: %s: %s\n", what, error.what());
    }
  });
}

http::Response JsonResponse(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.Add("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

Task<http::Response> FailSubmission(World& world, Submission submission, std::string body) {
  http::Response response = JsonResponse(500, std::move(body));
  switch (submission) {
    case Submission::kAccept:
    case Submission::kError500:
      break;
    case Submission::kError503:
      response.status = 503;
      break;
    case Submission::kError429:
      response.status = 429;
      break;
    case Submission::kError401:
      response.status = 401;
      break;
    case Submission::kReset:
      response.drop = true;
      break;
    case Submission::kHang:
      co_await world.Sleep(absl::Seconds(60));
      response.drop = true;
      break;
    case Submission::kGarbage:
      response.status = 200;
      response.body = "<<< \x01 not what you expect";
      break;
  }
  co_return response;
}

std::multimap<std::string, std::string> ParametersOf(const http::Request& request) {
  std::multimap<std::string, std::string> parameters;
  auto add = [&](std::string_view text) {
    if (auto pairs = http::ParseForm(text); pairs.ok()) {
      for (auto& [name, value] : *pairs) parameters.emplace(std::move(name), std::move(value));
    }
  };
  add(request.query);
  const std::string_view type = request.headers.Get("Content-Type");
  if (type.starts_with("application/x-www-form-urlencoded")) add(request.body);
  if (!type.starts_with("application/json")) return parameters;
  const Json body = Json::parse(request.body, nullptr, false);
  if (!body.is_object()) return parameters;
  for (const auto& [name, value] : body.items()) {
    if (value.is_object() || value.is_array()) continue;
    parameters.emplace(name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return parameters;
}

std::pair<std::string, std::string> CredentialsOf(const http::Request& request) {
  std::string pair;
  const std::string_view header = request.headers.Get("Authorization");
  if (header.starts_with("Basic ")) {
    pair = crypto::FromBase64(header.substr(6)).value_or("");
  } else if (auto query = http::ParseForm(request.query); query.ok()) {
    for (const auto& [name, value] : *query) {
      if (name == "api_key") pair = value;
    }
  }
  const size_t colon = pair.find(':');
  if (colon == std::string::npos) return {};
  return {pair.substr(0, colon), pair.substr(colon + 1)};
}

std::vector<std::string> PathParts(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    path.remove_prefix(1);
    const size_t end = std::min(path.find('/'), path.size());
    parts.push_back(http::Decode(path.substr(0, end), false).value_or(""));
    path.remove_prefix(end);
  }
  return parts;
}

}  // namespace ctc::simulator
