// Where the database is, read from a url.
#include "libs/db/endpoint.h"

#include <charconv>

namespace ctc::db {
namespace {

absl::Status Bad(std::string_view what) {
  return absl::InvalidArgumentError("database url: " + std::string(what));
}

// Cuts `text` at the first `separator` and returns what stood before it; all when there is none.
std::string_view Cut(std::string_view& text, char separator) {
  const size_t at = text.find(separator);
  const std::string_view head = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return head;
}

absl::Status ReadHost(std::string_view text, Endpoint& endpoint) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    endpoint.host = std::string(text);
    return absl::OkStatus();
  }
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  if (error != std::errc() || end != port.data() + port.size() || endpoint.port < 1 ||
      endpoint.port > 65535) {
    return Bad("the port is not a number from 1 to 65535");
  }
  endpoint.host = std::string(text.substr(0, colon));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Endpoint> ParseUrl(std::string_view url) {
  constexpr std::string_view kScheme = "mysql://";
  if (!url.starts_with(kScheme)) return Bad("it must begin with mysql://");
  url.remove_prefix(kScheme.size());
  const size_t at = url.find('@');
  if (at == std::string_view::npos || at == 0) return Bad("the user is missing");
  Endpoint endpoint;
  endpoint.user = std::string(url.substr(0, at));
  if (endpoint.user.find(':') != std::string::npos)
    return Bad("the password does not belong in it");
  std::string_view rest = url.substr(at + 1);
  const std::string_view authority = Cut(rest, '/');
  endpoint.database = std::string(Cut(rest, '?'));
  if (endpoint.database.empty()) return Bad("the database's name is missing");
  while (!rest.empty()) {
    std::string_view value = Cut(rest, '&');
    const std::string_view name = Cut(value, '=');
    if (name != "socket") return Bad("unknown option " + std::string(name));
    endpoint.socket = std::string(value);
  }
  if (endpoint.socket.empty()) {
    if (authority.empty()) return Bad("neither host nor socket");
    CTC_RETURN_IF_ERROR(ReadHost(authority, endpoint));
  } else if (!authority.empty()) {
    return Bad("both host and socket");
  }
  return endpoint;
}

}  // namespace ctc::db
