// From the response message of a route to an HTTP response, with its ETag. Pure.
#pragma once

#include <google/protobuf/message.h>

#include "libs/http/message.h"
#include "services/gateway/service/routes.h"

namespace ctc::gateway {

// 304 without a body when If-None-Match of `request` names what is there.
http::Response PrintResponse(const Route& route, const google::protobuf::Message& message,
                             const http::Request& request);

}  // namespace ctc::gateway
