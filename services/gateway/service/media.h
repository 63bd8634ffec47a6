// Serves an rpc that gives a file: piece after piece, with ranges, never the whole in memory.
#pragma once

#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "libs/http/message.h"
#include "libs/rpc/channel.h"
#include "services/gateway/service/routes.h"

namespace ctc::gateway {

// One such request under way. It outlives the handling: the answer is sent after it.
struct MediaCall {
  MediaCall(const Route& of, rpc::Channel& to, const base::Clock& now, rpc::MessagePtr request,
            rpc::Context as)
      : route(of), channel(to), clock(now), message(std::move(request)), context(std::move(as)) {}

  const Route& route;
  rpc::Channel& channel;
  const base::Clock& clock;
  rpc::MessagePtr message;  // the rpc's request, without its range
  rpc::Context context;     // its deadline is renewed for each piece
};

// 200, 206, 304 or 416 with its headers. Errors: the rpc's, before anything is sent; one that comes
// later breaks the answer off.
Task<absl::StatusOr<http::Response>> AnswerMedia(std::shared_ptr<MediaCall> call,
                                                 const http::Request& request);

}  // namespace ctc::gateway
