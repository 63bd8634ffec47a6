#include "tools/ctc/rest.h"

// lint-allow(third-party): one request at a time, and a stream; the client of libs/http has neither
#include <curl/curl.h>

#include <algorithm>
#include <utility>

#include "tools/ctc/checks.h"

namespace ctc::tool {
namespace {

constexpr long kConnectSeconds = 5;
// The edge says something every 15 s; a stream that is silent for longer is dead.
constexpr long kSilenceSeconds = 45;
constexpr size_t kPage = 200;  // what a list gives at most
constexpr size_t kLongestRefusal = 64 << 10;

using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

bool IsHeaderValue(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

void Append(HeaderList& list, const std::string& line) {
  if (curl_slist* longer = curl_slist_append(list.get(), line.c_str()); longer != nullptr) {
    static_cast<void>(list.release());
    list.reset(longer);
  }
}

absl::Status Missing(const char* name, const char* meaning) {
  return absl::InvalidArgumentError(std::string(name) + " is not set: export " + meaning +
                                    "; of `tools/run`: source var/dev.env");
}

absl::Status RefusalOf(int http_status, std::string_view body) {
  const std::string text = RefusalText(http_status, body);
  switch (http_status) {
    case 400:
      return absl::InvalidArgumentError(text);
    case 401:
      return absl::UnauthenticatedError(
          text + "\n  $CTC_TOKEN was sent; `ctc keys create` makes a new one");
    case 403:
      return absl::PermissionDeniedError(text);
    case 404:
      return absl::NotFoundError(text);
    default:
      break;
  }
  const bool passes = http_status >= 500 || http_status == 408 || http_status == 429;
  return passes ? absl::UnavailableError(text) : absl::FailedPreconditionError(text);
}

}  // namespace

struct Rest::Exchange {
  std::string url;
  bool post = false;
  long timeout_ms = 30'000;  // 0: as long as something comes
  HeaderList headers{nullptr, &curl_slist_free_all};
  std::function<bool(std::string_view)> on_data;  // gets the body of a 200
  CURL* curl = nullptr;
  long status = 0;
  std::string body;
  bool stopped = false;  // by on_data

  absl::Status Run();
  static size_t OnBody(char* data, size_t size, size_t count, void* self);
};

size_t Rest::Exchange::OnBody(char* data, size_t size, size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  const size_t bytes = size * count;
  curl_easy_getinfo(exchange.curl, CURLINFO_RESPONSE_CODE, &exchange.status);
  if (exchange.on_data && exchange.status == 200) {
    exchange.stopped = !exchange.on_data({data, bytes});
    return exchange.stopped ? 0 : bytes;
  }
  if (exchange.on_data && exchange.body.size() + bytes > kLongestRefusal) return 0;
  exchange.body.append(data, bytes);
  return bytes;
}

absl::Status Rest::Exchange::Run() {
  curl_easy_reset(curl);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "ctc");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
  if (IsLoopback(url)) curl_easy_setopt(curl, CURLOPT_PROXY, "");
  if (on_data) {
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kSilenceSeconds);
  }
  if (post) curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, "{}");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Exchange::OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
  const CURLcode code = curl_easy_perform(curl);
  if (stopped) return absl::CancelledError("stopped");
  if (code == CURLE_OK) {
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return absl::OkStatus();
  }
  return absl::UnavailableError(ShownUrl(url.substr(0, url.find('?'))) + ": " +
                                curl_easy_strerror(code));
}

absl::StatusOr<Rest> Rest::Open(const std::map<std::string, std::string>& environment) {
  const auto value = [&environment](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  std::string url = value("CTC_URL"), tenant = value("CTC_TENANT"), token = value("CTC_TOKEN");
  while (url.ends_with('/')) url.pop_back();
  if (url.empty()) return Missing("CTC_URL", "the edge's URL, as https://calls.example.com");
  if (tenant.empty()) return Missing("CTC_TENANT", "the tenant that the token belongs to");
  if (token.empty()) return Missing("CTC_TOKEN", "an API key, as `ctc keys create` prints it");
  if (!IsHeaderValue(url) || !IsHeaderValue(tenant) || !IsHeaderValue(token)) {
    return absl::InvalidArgumentError(
        "CTC_URL, CTC_TENANT or CTC_TOKEN holds a blank, a line end or a letter that is not ASCII");
  }
  return Rest(std::move(url), std::move(tenant), base::Secret(std::move(token)));
}

Rest::Rest(std::string url, std::string tenant, base::Secret token)
    : url_(std::move(url)),
      tenant_(std::move(tenant)),
      token_(std::move(token)),
      curl_(curl_easy_init(), &curl_easy_cleanup) {}

absl::Status Rest::Perform(Exchange& exchange) {
  exchange.curl = curl_.get();
  exchange.url = url_ + exchange.url;
  Append(exchange.headers, "Authorization: Bearer " + std::string(token_.Reveal()));
  Append(exchange.headers, "X-Tenant-ID: " + tenant_);
  if (exchange.post) Append(exchange.headers, "Content-Type: application/json");
  absl::Status status = exchange.Run();
  if (!absl::IsUnavailable(status)) return status;
  return absl::UnavailableError(std::string(status.message()) +
                                "\n  Is the suite up, and $CTC_URL right? `ctc doctor` looks.");
}

absl::StatusOr<Json> Rest::Ask(Exchange& exchange) {
  CTC_RETURN_IF_ERROR(Perform(exchange));
  Json json = Json::parse(exchange.body, nullptr, false);
  const bool good = exchange.status >= 200 && exchange.status < 300 && !json.is_discarded();
  if (!good) return RefusalOf(static_cast<int>(exchange.status), exchange.body);
  return json;
}

absl::StatusOr<Json> Rest::Get(const std::string& path) {
  Exchange exchange;
  exchange.url = path;
  return Ask(exchange);
}

absl::StatusOr<Json> Rest::Post(const std::string& path, absl::Duration timeout) {
  Exchange exchange;
  exchange.url = path;
  exchange.post = true;
  exchange.timeout_ms = static_cast<long>(absl::ToInt64Milliseconds(timeout));
  return Ask(exchange);
}

absl::StatusOr<Json> Rest::List(const std::string& path, const std::string& query,
                                const std::string& member, size_t limit) {
  Json all = Json::array();
  while (limit == 0 || all.size() < limit) {
    const size_t page = limit == 0 ? kPage : std::min(kPage, limit - all.size());
    CTC_ASSIGN_OR_RETURN(Json answer, Get(path + query + (query.empty() ? "?" : "&") +
                                          "limit=" + std::to_string(page) +
                                          "&offset=" + std::to_string(all.size())));
    const auto found = answer.find(member);
    if (found == answer.end() || !found->is_array() || found->empty()) break;
    const bool last = found->size() < page;
    for (Json& item : *found) all.push_back(std::move(item));
    if (last) break;
  }
  return all;
}

absl::Status Rest::Follow(const std::string& path, const std::string& last_event_id,
                          const std::function<bool(std::string_view)>& on_data) {
  Exchange exchange;
  exchange.url = path;
  exchange.timeout_ms = 0;
  exchange.on_data = on_data;
  Append(exchange.headers, "Accept: text/event-stream");
  if (!last_event_id.empty()) Append(exchange.headers, "Last-Event-ID: " + last_event_id);
  CTC_RETURN_IF_ERROR(Perform(exchange));
  if (exchange.status == 200) return absl::OkStatus();
  return RefusalOf(static_cast<int>(exchange.status), exchange.body);
}

absl::StatusOr<std::pair<int, std::string>> Rest::GetPage(const std::string& url) {
  const std::unique_ptr<void, void (*)(void*)> curl(curl_easy_init(), &curl_easy_cleanup);
  Exchange exchange;
  exchange.curl = curl.get();
  exchange.url = url;
  CTC_RETURN_IF_ERROR(exchange.Run());
  return std::pair<int, std::string>(static_cast<int>(exchange.status), std::move(exchange.body));
}

}  // namespace ctc::tool
