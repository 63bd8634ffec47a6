// The page at /docs: reads /api/v1/openapi.json and lists the operations. Self-contained.
#pragma once

#include <string_view>

namespace ctc::gateway {

extern const std::string_view kDocsPage;

}  // namespace ctc::gateway
