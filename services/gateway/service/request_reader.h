// From an HTTP request to the request message of its route: body, query string, path. Pure.
#pragma once

#include <string>

#include "libs/http/message.h"
#include "libs/rpc/handler_map.h"
#include "services/gateway/service/routes.h"

namespace ctc::gateway {

// Errors: kUnsupportedMediaType, kMalformedJson, kUnknownField, kValidationFailed (with the field).
// A raw request gets the whole HTTP request instead, its URL below `public_url`.
absl::StatusOr<rpc::MessagePtr> ReadRequest(const Route& route, const PathMatch& match,
                                            const http::Request& request,
                                            const std::string& public_url);

}  // namespace ctc::gateway
