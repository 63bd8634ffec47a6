// The suite's REST surface as the operator's commands use it: one request after the other, and an
// event stream. Blocks. $CTC_URL, $CTC_TENANT and $CTC_TOKEN say where and as whom.
#pragma once

#include <absl/time/time.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "libs/base/secret.h"
#include "libs/base/status.h"
#include "tools/ctc/text.h"

namespace ctc::tool {

// Errors tell what to do, in the message. UNAVAILABLE: it may be better the next time;
// INVALID_ARGUMENT, UNAUTHENTICATED and others as the API refused it.
class Rest {
 public:
  // INVALID_ARGUMENT says which of the three is missing.
  static absl::StatusOr<Rest> Open(const std::map<std::string, std::string>& environment);

  // GET without credentials, as of /readyz: the status and the body, whatever they are.
  static absl::StatusOr<std::pair<int, std::string>> GetPage(const std::string& url);

  const std::string& url() const { return url_; }  // to be shown by ShownUrl

  absl::StatusOr<Json> Get(const std::string& path);
  absl::StatusOr<Json> Post(const std::string& path, absl::Duration timeout = absl::Seconds(30));
  // A list's pages until there are `limit`, 0: all. `query` begins with "?" or is empty.
  absl::StatusOr<Json> List(const std::string& path, const std::string& query,
                            const std::string& member, size_t limit = 0);

  // Reads an event stream until it ends; `on_data` ends it by false (CANCELLED). OK: the server
  // ended it.
  absl::Status Follow(const std::string& path, const std::string& last_event_id,
                      const std::function<bool(std::string_view)>& on_data);

 private:
  struct Exchange;
  Rest(std::string url, std::string tenant, base::Secret token);
  absl::Status Perform(Exchange& exchange);
  absl::StatusOr<Json> Ask(Exchange& exchange);

  std::string url_;
  std::string tenant_;
  base::Secret token_;
  std::unique_ptr<void, void (*)(void*)> curl_;  // keeps its connection
};

}  // namespace ctc::tool
