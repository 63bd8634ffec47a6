// The OpenAPI 3.1 document of the routes, with the comments of the .proto files as descriptions.
#pragma once

#include <string>

#include "services/gateway/service/routes.h"

namespace ctc::gateway {

// Made once at start-up.
std::string MakeOpenApi(const RouteTable& routes, const std::string& public_url);

}  // namespace ctc::gateway
