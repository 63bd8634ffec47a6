// An http::Client that answers from a table and remembers what it was asked. For tests of adapters.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "libs/http/client.h"

namespace ctc::providers {

class FakeHttp final : public http::Client {
 public:
  using Answer = std::function<http::ClientResult(const http::ClientRequest&)>;

  // Answers the next requests whose "METHOD url" contains `pattern`; later rules win.
  void When(std::string pattern, Answer answer) {
    rules_.push_back({std::move(pattern), std::move(answer)});
  }
  void When(std::string pattern, int status, std::string body) {
    When(std::move(pattern), [status, body](const http::ClientRequest&) {
      http::ClientResult result;
      result.response.status = status;
      result.response.body = body;
      return result;
    });
  }
  void Break(std::string pattern, http::Reached reached, absl::Status status) {
    When(std::move(pattern), [reached, status](const http::ClientRequest&) {
      http::ClientResult result;
      result.error.reached = reached;
      result.error.status = status;
      return result;
    });
  }

  Task<http::ClientResult> Send(http::ClientRequest request) override {
    requests.push_back(request);
    const std::string line = request.method + " " + request.url;
    for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
      if (line.find(rule->pattern) != std::string::npos) co_return rule->answer(request);
    }
    http::ClientResult missing;
    missing.response.status = 404;
    missing.response.body = R"({"message":"Channel not found"})";
    co_return missing;
  }

  // "METHOD /path?query" of each request, the host left out.
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    for (const http::ClientRequest& request : requests) {
      const size_t path = request.url.find('/', request.url.find("://") + 3);
      lines.push_back(request.method + " " + request.url.substr(path));
    }
    return lines;
  }

  std::vector<http::ClientRequest> requests;

 private:
  struct Rule {
    std::string pattern;
    Answer answer;
  };
  std::vector<Rule> rules_;
};

}  // namespace ctc::providers
