// Where the database is, read from a url. Private to this library.
#pragma once

#include <string>
#include <string_view>

#include "libs/base/status.h"

namespace ctc::db {

struct Endpoint {
  std::string host;  // empty with a socket
  int port = 3306;
  std::string socket;
  std::string user;
  std::string database;
};

// "mysql://user@host:3306/name" or "mysql://user@/name?socket=/path". INVALID_ARGUMENT says what is
// wrong; a password in the url is refused, so that it cannot leak from there.
absl::StatusOr<Endpoint> ParseUrl(std::string_view url);

}  // namespace ctc::db
