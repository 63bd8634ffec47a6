// What /ari/api-docs says: the operations and events that are imitated, in Swagger 1.1 as Asterisk
// describes its own. Clients that build themselves from it, as ari-client, need it. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace ctc::simulator {

// The document named `file`, as "resources.json" or "channels.json"; nothing for another name.
// `base` is the address of /ari.
std::optional<nlohmann::json> AriDocs(const std::string& file, const std::string& base);

}  // namespace ctc::simulator
