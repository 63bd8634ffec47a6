// A switch that does whatever ARI is asked for, for tests.
#pragma once

#include <string>

#include "libs/providers/fake_http_for_test.h"

namespace ctc::providers::asterisk {

// 204, and a channel to who asks for one.
inline void AnswerAsAri(FakeHttp& http) {
  http.When("", 204, "");
  http.When("POST http://pbx:8088/ari/channels/", [](const http::ClientRequest& request) {
    const std::string id = request.url.substr(request.url.find("/channels/") + 10);
    http::ClientResult result;
    const bool made = id.find('/') == std::string::npos;
    result.response.status = made ? 200 : 204;
    if (made) result.response.body = R"({"id":")" + id + R"(","state":"Down"})";
    return result;
  });
}

}  // namespace ctc::providers::asterisk
